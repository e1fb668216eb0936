package source

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A sibling is a file that a log's name may have been changed to.
type sibling struct {
	path string
	info os.FileInfo
}

// siblings lists the uncompressed files beside path that rotation may have made of it, oldest first. A
// rotation under way changes names one by one, so the list is taken again until two are equal.
func siblings(path string) []sibling {
	list := listSiblings(path)
	for range 5 {
		again := listSiblings(path)
		if slices.EqualFunc(list, again, same) {
			break
		}
		list = again
	}
	return list
}

func same(a, b sibling) bool { return a.path == b.path && os.SameFile(a.info, b.info) }

func listSiblings(path string) []sibling {
	dir, base := filepath.Split(path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil // the name's own error says it
	}
	var out []sibling
	for _, e := range entries {
		if !isRotated(base, e.Name()) {
			continue
		}
		p := filepath.Join(dir, e.Name())
		if fi, err := os.Lstat(p); err == nil && fi.Mode().IsRegular() {
			out = append(out, sibling{p, fi})
		}
	}
	slices.SortStableFunc(out, older)
	return out
}

// older orders siblings by when they were last written, and those of one instant by their names: of two
// numbers the higher is older, of two dates the lower.
func older(a, b sibling) int {
	if c := a.info.ModTime().Compare(b.info.ModTime()); c != 0 {
		return c
	}
	na, nb := number(a.path), number(b.path)
	if na >= 0 && nb >= 0 {
		return cmp.Compare(nb, na)
	}
	return cmp.Compare(a.path, b.path)
}

// number returns the number that a rotated file ends with, -1 without one.
func number(path string) int {
	n, err := strconv.Atoi(path[strings.LastIndexByte(path, '.')+1:])
	if err != nil {
		return -1
	}
	return n
}

// isRotated reports whether rotation calls a file name that was called base: access.log.1,
// access.log-20261118, access-20261118.log.
func isRotated(base, name string) bool {
	if name == base || slices.Contains(packedSuffixes, filepath.Ext(name)) {
		return false
	}
	if strings.HasPrefix(name, base+".") || strings.HasPrefix(name, base+"-") {
		return true
	}
	ext := filepath.Ext(base)
	return ext != "" && strings.HasPrefix(name, strings.TrimSuffix(base, ext)+"-") && strings.HasSuffix(name, ext)
}

var packedSuffixes = []string{".gz", ".zst", ".bz2", ".xz", ".tmp", ".swp"}
