//go:build !unix

package main

import "syscall"

// ownGroup starts a process as usual: there are no process groups.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }
