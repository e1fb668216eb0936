package source

import "syscall"

// childAttr makes a child the leader of a group, which ends when we do, however that comes about.
func childAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
