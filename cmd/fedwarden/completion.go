package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/fedwarden/fedwarden/detectors"
)

type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// A completed is what can follow a command: subcommands or arguments, and flags.
type completed struct {
	words []string
	flags []completedFlag
}

// A completedFlag is a flag and its values, if they can be listed.
type completedFlag struct {
	name   string
	values []string
	alone  bool // it takes no value
}

// Run prints a script that completes commands, flags and their values; it is made from the same table as
// the help.
func (s *completionCommand) Run(c *console) error {
	all := map[string]completed{}
	collect(c.model.Model.Node, "", all)
	script := map[string]func(map[string]completed) string{"bash": bashScript, "zsh": zshScript, "fish": fishScript}[s.Shell]
	_, err := fmt.Fprint(c.out, script(all))
	return err
}

// collect gathers what can follow each command path.
func collect(n *kong.Node, path string, all map[string]completed) {
	it := completed{flags: []completedFlag{{name: "help", alone: true}}}
	for _, child := range n.Children {
		it.words = append(it.words, child.Name)
		collect(child, strings.TrimSpace(path+" "+child.Name), all)
	}
	for _, arg := range n.Positional {
		it.words = append(it.words, enumOf(arg)...)
	}
	if path == "detectors" {
		for _, spec := range slices.Concat(detectors.Specs(), detectors.Recognisers()) {
			it.words = append(it.words, spec.Name)
		}
	}
	for _, f := range n.Flags {
		if f.Name != "help" {
			it.flags = append(it.flags, completedFlag{f.Name, enumOf(f.Value), f.IsBool()})
		}
	}
	all[path] = it
}

func enumOf(v *kong.Value) []string {
	return strings.FieldsFunc(v.Enum, func(r rune) bool { return r == ',' })
}

const bashHead = `_fedwarden() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} path="" words="" w
  if [[ $cur == = ]]; then cur=""; elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi
  for w in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "${path:+$path }$w" in
      %s) path="${path:+$path }$w" ;;
    esac
  done
  case "$path $prev" in
`

const bashTail = `  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
  [[ -n $words ]] || COMPREPLY=($(compgen -f -- "$cur"))
}
complete -o filenames -F _fedwarden fedwarden
`

// bashScript finds the command among the words before the cursor, then what can follow; where nothing is
// known to, files can.
func bashScript(all map[string]completed) string {
	paths := slices.Sorted(maps.Keys(all)) // the first is the empty one
	var b strings.Builder
	fmt.Fprintf(&b, bashHead, `"`+strings.Join(paths[1:], `"|"`)+`"`)
	for _, p := range paths {
		for _, f := range all[p].flags {
			if !f.alone {
				fmt.Fprintf(&b, "    %q) words=%q ;;\n", p+" --"+f.name, strings.Join(f.values, " "))
			}
		}
	}
	b.WriteString("    *) case \"$path\" in\n")
	for _, p := range paths {
		var flags []string
		for _, f := range all[p].flags {
			flags = append(flags, "--"+f.name)
		}
		fmt.Fprintf(&b, "      %q) words=%q; [[ $cur != -* ]] || words=%q ;;\n", p, strings.Join(all[p].words, " "), strings.Join(flags, " "))
	}
	return b.String() + "    esac ;;\n" + bashTail
}

func zshScript(all map[string]completed) string {
	return "#compdef fedwarden\nautoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n" + bashScript(all)
}

func fishScript(all map[string]completed) string {
	var b strings.Builder
	for _, p := range slices.Sorted(maps.Keys(all)) {
		when := "__fish_use_subcommand"
		if p != "" {
			when = "__fish_seen_subcommand_from " + strings.Join(strings.Fields(p), "; and __fish_seen_subcommand_from ")
		}
		if words := all[p].words; len(words) > 0 {
			fmt.Fprintf(&b, "complete -c fedwarden -f -n '%s; and not __fish_seen_subcommand_from %[2]s' -a '%[2]s'\n", when, strings.Join(words, " "))
		}
		for _, f := range all[p].flags {
			fmt.Fprintf(&b, "complete -c fedwarden -n '%s' -l %s%s\n", when, f.name, fishValues(f))
		}
	}
	return b.String()
}

func fishValues(f completedFlag) string {
	switch {
	case f.alone:
		return ""
	case len(f.values) == 0:
		return " -r"
	}
	return " -x -a '" + strings.Join(f.values, " ") + "'"
}
