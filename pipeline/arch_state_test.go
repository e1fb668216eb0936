package pipeline_test

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// checkState finds package-level variables that change, or that are there to be changed.
func checkState(p *pkg) []string {
	vars := packageVars(p)
	var broken []string
	for _, f := range p.code() {
		for _, d := range f.ast.Decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.VAR {
				broken = append(broken, changeable(p, g)...)
			}
		}
		broken = append(broken, writes(p, f, vars)...)
	}
	return broken
}

// packageVars returns the names of p's package-level variables.
func packageVars(p *pkg) []string {
	var names []string
	for _, f := range p.code() {
		for _, d := range f.ast.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, s := range g.Specs {
				for _, n := range s.(*ast.ValueSpec).Names {
					if n.Name != "_" {
						names = append(names, n.Name)
					}
				}
			}
		}
	}
	return names
}

// changeable finds variables that hold nothing yet, or a lock: they are of no use unless they change.
func changeable(p *pkg, g *ast.GenDecl) []string {
	var broken []string
	for _, s := range g.Specs {
		v := s.(*ast.ValueSpec)
		for i, n := range v.Names {
			if n.Name == "_" || g.Doc != nil && strings.Contains(g.Doc.List[0].Text, "go:embed") {
				continue
			}
			why := ""
			if t := typeName(v.Type); strings.HasPrefix(t, "sync.") || strings.HasPrefix(t, "atomic.") {
				why = "is a " + t
			} else if len(v.Values) == 0 {
				why = "has no value"
			} else if i < len(v.Values) {
				why = empty(v.Values[i])
			}
			if why != "" {
				broken = append(broken, p.at(n.Pos())+" declares "+n.Name+", which "+why)
			}
		}
	}
	return broken
}

func typeName(t ast.Expr) string {
	if sel, ok := t.(*ast.SelectorExpr); ok {
		if x, ok := sel.X.(*ast.Ident); ok {
			return x.Name + "." + sel.Sel.Name
		}
	}
	return ""
}

// empty says how a value is made to be filled later.
func empty(value ast.Expr) string {
	switch v := value.(type) {
	case *ast.CallExpr:
		if fn, ok := v.Fun.(*ast.Ident); ok && (fn.Name == "make" || fn.Name == "new") {
			return "is made empty"
		}
	case *ast.UnaryExpr:
		if v.Op == token.AND {
			return "is a pointer"
		}
	case *ast.CompositeLit:
		if t := typeName(v.Type); strings.HasPrefix(t, "sync.") || strings.HasPrefix(t, "atomic.") {
			return "is a " + t
		}
		if _, ok := v.Type.(*ast.MapType); ok && len(v.Elts) == 0 {
			return "is an empty map"
		}
	}
	return ""
}

// writes finds statements of f that write to one of vars, or take its address.
func writes(p *pkg, f *file, vars []string) []string {
	var broken []string
	found := func(x ast.Expr, what string) {
		if id := rootOf(x); id != nil && refersTo(f, id, vars) {
			broken = append(broken, p.at(x.Pos())+" "+what+" the package variable "+id.Name)
		}
	}
	ast.Inspect(f.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, x := range n.Lhs {
				if n.Tok != token.DEFINE {
					found(x, "writes to")
				}
			}
		case *ast.IncDecStmt:
			found(n.X, "writes to")
		case *ast.RangeStmt:
			if n.Tok == token.ASSIGN {
				found(n.Key, "writes to")
			}
		case *ast.UnaryExpr:
			// &table[i] is how a row of a table is read without copying it.
			if _, row := n.X.(*ast.IndexExpr); n.Op == token.AND && !row {
				found(n.X, "takes the address of")
			}
		case *ast.CallExpr:
			if fn, ok := n.Fun.(*ast.Ident); ok && fn.Obj == nil && slices.Contains([]string{"delete", "clear", "copy"}, fn.Name) {
				found(n.Args[0], "changes")
			}
		}
		return true
	})
	return broken
}

// rootOf returns the variable that x is a part of.
func rootOf(x ast.Expr) *ast.Ident {
	for {
		switch e := x.(type) {
		case *ast.Ident:
			return e
		case *ast.SelectorExpr:
			x = e.X
		case *ast.IndexExpr:
			x = e.X
		case *ast.SliceExpr:
			x = e.X
		case *ast.StarExpr:
			x = e.X
		case *ast.ParenExpr:
			x = e.X
		default:
			return nil
		}
	}
}

// refersTo reports whether id is a package variable and no local one of that name: the parser resolves
// names within a file, and leaves those of other files open.
func refersTo(f *file, id *ast.Ident, vars []string) bool {
	if !slices.Contains(vars, id.Name) {
		return false
	}
	return id.Obj == nil || id.Obj == f.ast.Scope.Lookup(id.Name)
}
