//go:build unix && !linux

package content

import "syscall"

// processAttributes puts a child into its own process group. These systems cannot tie its life to the server's: what a
// killed server leaves behind ends at the latest when it is stopped by hand.
func processAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
