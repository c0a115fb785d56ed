package execution

import "syscall"

// processAttributes puts a child into its own process group, and makes the kernel kill it when the server ends for
// any reason.
func processAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
