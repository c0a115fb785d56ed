package installed

func readApache(c *Configuration, first *file, o Options) error  { return nil }
func (c *Configuration) writeApache(a Addresses) (string, error) { return "", nil }
