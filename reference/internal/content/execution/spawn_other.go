//go:build unix && !linux

package execution

import "syscall"

// processAttributes puts a child into its own process group. These systems cannot end it together with the server:
// processes of a killed server run until they are stopped manually.
func processAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
