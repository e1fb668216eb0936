//go:build !linux

package source

import "syscall"

// childAttr makes a child the leader of a group. Where it cannot be made to end with us, it ends when it next
// writes.
func childAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
