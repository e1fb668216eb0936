package source

import (
	"cmp"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A sibling is a file that a log's name may have been changed to, or that an archive was made of.
type sibling struct {
	path string
	info os.FileInfo
}

// siblings lists the files beside path that rotation may have made of it, oldest first. A rotation under
// way changes names one by one, so the list is taken again until two are equal.
func siblings(path string) []sibling {
	list := listSiblings(path)
	for range 20 {
		again := listSiblings(path)
		if slices.EqualFunc(list, again, same) {
			break
		}
		list = again
	}
	return list
}

func same(a, b sibling) bool { return a.path == b.path && os.SameFile(a.info, b.info) }

// unchanged reports whether looking into b can tell nothing that looking into a has not.
func unchanged(a, b sibling) bool {
	return same(a, b) && a.info.Size() == b.info.Size() && a.info.ModTime().Equal(b.info.ModTime())
}

func listSiblings(path string) []sibling {
	dir, base := filepath.Split(path)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil // the name's own error says it
	}
	var out []sibling
	for _, e := range entries {
		if !isRotated(base, e.Name()) || slices.Contains(foreignSuffixes, filepath.Ext(e.Name())) {
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

// older orders siblings by when they were last written, which packing keeps, and those of one instant by
// their names: of two numbers the higher is older, of two dates the lower.
func older(a, b sibling) int {
	if c := a.info.ModTime().Compare(b.info.ModTime()); c != 0 {
		return c
	}
	na, nb := number(a.path), number(b.path)
	if na >= 0 && nb >= 0 && na != nb {
		return cmp.Compare(nb, na)
	}
	return cmp.Compare(a.path, b.path)
}

// number returns the number that a rotated file ends with, -1 without one.
func number(path string) int {
	path = unpackedName(path)
	n, err := strconv.Atoi(path[strings.LastIndexByte(path, '.')+1:])
	if err != nil {
		return -1
	}
	return n
}

// packedSuffixes are those of archives that can be read, foreignSuffixes of what can't.
var (
	packedSuffixes  = []string{".gz", ".zst"}
	foreignSuffixes = []string{".bz2", ".xz"}
)

// isPacked reports whether a file is called as an archive is.
func isPacked(path string) bool { return slices.Contains(packedSuffixes, filepath.Ext(path)) }

// unpackedName returns the name without the suffix of an archive.
func unpackedName(name string) string {
	if ext := filepath.Ext(name); isPacked(name) || slices.Contains(foreignSuffixes, ext) {
		return strings.TrimSuffix(name, ext)
	}
	return name
}

// rotatedSuffix is what rotation puts behind a name: a number, a date in any form, or a word.
var rotatedSuffix = regexp.MustCompile(`^(?:\d[\dTZ:_.+-]*|old|bak|prev|orig|save|copy)$`)

// datedSuffix is what it puts into a name before its extension.
var datedSuffix = regexp.MustCompile(`^(?:-\d[\dTZ:_.+-]{5,}|\.\d+)$`)

// isRotated reports whether rotation calls a file name that was called base: access.log.1,
// access.log-20261118, access-20261118.log, each also as an archive. Another log whose name begins so,
// as access-shop.log, is not meant.
func isRotated(base, name string) bool {
	name = unpackedName(name)
	if rest, ok := strings.CutPrefix(name, base); ok && len(rest) > 1 && (rest[0] == '.' || rest[0] == '-') {
		return rotatedSuffix.MatchString(rest[1:])
	}
	ext := filepath.Ext(base)
	if ext == "" || !strings.HasSuffix(name, ext) {
		return false
	}
	rest, ok := strings.CutPrefix(strings.TrimSuffix(name, ext), strings.TrimSuffix(base, ext))
	return ok && datedSuffix.MatchString(rest)
}
