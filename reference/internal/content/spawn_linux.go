package content

import "syscall"

// processAttributes puts a child into its own process group and has it killed when the server dies, however it dies.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
