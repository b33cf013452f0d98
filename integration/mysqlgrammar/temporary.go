package mysqlgrammar

import (
	"fmt"
	"strings"

	"vitess.io/vitess/go/vt/sqlparser"
)

// temporaries are the names of temporary tables. MySQL opens each once in a statement (error 1137), also by way of tables of a WITH
// clause, which it reads anew for each place that names them; MariaDB opens it as often as it is named.
type temporaries map[string]bool

// add notes the table that a statement makes, if it makes a temporary one.
func (t temporaries) add(statement sqlparser.Statement) {
	if create, ok := statement.(*sqlparser.CreateTable); ok && create.Temp {
		t[create.Table.Name.String()] = true
	}
}

// check returns an error for a statement that opens one of the tables twice.
func (t temporaries) check(statement sqlparser.Statement) error {
	opened := opens(statement, map[string]map[string]int{})
	for name, times := range opened {
		if t[name] && times > 1 {
			return fmt.Errorf("the temporary table %s is opened %d times, which MySQL refuses", name, times)
		}
	}
	return nil
}

// opens counts how often a part of a statement opens each table; known are the tables of WITH clauses around it, by what they open.
func opens(part sqlparser.SQLNode, known map[string]map[string]int) map[string]int {
	opened := map[string]int{}
	add := func(more map[string]int) {
		for name, times := range more {
			opened[name] += times
		}
	}
	inner := map[string]map[string]int{}
	for name, those := range known {
		inner[name] = those
	}
	with := withOf(part)
	if with != nil {
		for _, cte := range with.CTEs {
			name := strings.ToLower(cte.ID.String())
			if with.Recursive {
				inner[name] = nil // inside of it, it is itself
			}
			inner[name] = opens(cte.Subquery, inner)
		}
	}
	visit := func(node sqlparser.SQLNode) (bool, error) {
		switch node := node.(type) {
		case nil:
			return false, nil
		case *sqlparser.With:
			return false, nil
		case *sqlparser.AliasedTableExpr:
			name, ok := node.Expr.(sqlparser.TableName)
			if !ok {
				return true, nil
			}
			if those, is := inner[strings.ToLower(name.Name.String())]; is && name.Qualifier.IsEmpty() {
				add(those)
			} else {
				opened[name.Name.String()]++
			}
			return false, nil
		case sqlparser.Statement:
			if node != part && withOf(node) != nil {
				add(opens(node, inner))
				return false, nil
			}
		}
		return true, nil
	}
	if insert, ok := part.(*sqlparser.Insert); ok { // what it writes to is no table of a WITH clause
		opened[sqlparser.GetTableName(insert.Table.Expr).String()]++
		add(opens(insert.Rows, inner))
		return opened
	}
	_ = sqlparser.Walk(visit, part)
	return opened
}

// withOf is the WITH clause of a statement; nil where it has none.
func withOf(part sqlparser.SQLNode) *sqlparser.With {
	switch part := part.(type) {
	case *sqlparser.Select:
		return part.With
	case *sqlparser.Union:
		return part.With
	case *sqlparser.Update:
		return part.With
	case *sqlparser.Delete:
		return part.With
	}
	return nil
}
