package main

import (
	"fmt"
	"sort"
	"strings"

	"github.com/alecthomas/kong"
)

type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Run prints a script that completes commands and flags; it is made from the same table as the help.
func (s *completionCommand) Run(c *console) error {
	words := map[string][]string{}
	collect(c.model.Model.Node, "", words)
	script := map[string]func(map[string][]string) string{"bash": bashScript, "zsh": zshScript, "fish": fishScript}[s.Shell]
	_, err := fmt.Fprint(c.out, script(words))
	return err
}

// collect gathers, for each command path, its subcommands and flags.
func collect(n *kong.Node, path string, words map[string][]string) {
	var list []string
	for _, child := range n.Children {
		list = append(list, child.Name)
		collect(child, strings.TrimSpace(path+" "+child.Name), words)
	}
	for _, f := range n.Flags {
		list = append(list, "--"+f.Name)
	}
	words[path] = list
}

func paths(words map[string][]string) []string {
	var list []string
	for p := range words {
		list = append(list, p)
	}
	sort.Strings(list)
	return list
}

func bashScript(words map[string][]string) string {
	var b strings.Builder
	b.WriteString("_fedwarden() {\n  local cur=${COMP_WORDS[COMP_CWORD]} path=\"\" w\n" +
		"  for w in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do [[ $w == -* ]] || path=\"${path:+$path }$w\"; done\n  case \"$path\" in\n")
	for _, p := range paths(words) {
		fmt.Fprintf(&b, "    %q) COMPREPLY=($(compgen -W %q -- \"$cur\")) ;;\n", p, strings.Join(words[p], " "))
	}
	b.WriteString("    *) COMPREPLY=() ;;\n  esac\n  [[ ${#COMPREPLY[@]} -gt 0 ]] || COMPREPLY=($(compgen -f -- \"$cur\"))\n}\ncomplete -o filenames -F _fedwarden fedwarden\n")
	return b.String()
}

func zshScript(words map[string][]string) string {
	return "#compdef fedwarden\nautoload -U +X bashcompinit && bashcompinit\n" + bashScript(words)
}

func fishScript(words map[string][]string) string {
	var b strings.Builder
	for _, p := range paths(words) {
		when := "__fish_use_subcommand"
		if p != "" {
			parts := strings.Fields(p)
			when = "__fish_seen_subcommand_from " + parts[len(parts)-1]
		}
		for _, w := range words[p] {
			if flag, ok := strings.CutPrefix(w, "--"); ok {
				fmt.Fprintf(&b, "complete -c fedwarden -n %q -l %s\n", when, flag)
				continue
			}
			fmt.Fprintf(&b, "complete -c fedwarden -n %q -a %s\n", when, w)
		}
	}
	return b.String()
}
