package process

// Sockets are the inodes of listening sockets.
type Sockets []string

// Holders returns the processes of a list that have one of the sockets open.
func (s Sockets) Holders(all []Info) []Info {
	var list []Info
	for _, p := range all {
		if s.HeldBy(p.PID) {
			list = append(list, p)
		}
	}
	return list
}
