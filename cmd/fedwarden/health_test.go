package main

import "testing"

func TestReachable(t *testing.T) {
	f := func(addr, want string) {
		t.Helper()
		if got := reachable(addr); got != want {
			t.Errorf("%s: got %s, want %s", addr, got, want)
		}
	}
	f("127.0.0.1:9464", "127.0.0.1:9464")
	f("0.0.0.0:9464", "127.0.0.1:9464")
	f(":9464", "127.0.0.1:9464")
	f("[::]:9464", "[::1]:9464")
	f("localhost:9464", "localhost:9464")
}
