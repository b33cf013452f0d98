package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// LazyPredicate holds for rows that no deleted parent hides. A parent that is hidden itself hides its rows too.
func (p *Policy) LazyPredicate(quote func(string) string) statement.Predicate {
	switch recursive := p.dialect.Has(dialect.OuterInWith); {
	case recursive && p.under(deepest, mostWays):
		return p.deepPredicate(quote)
	case !recursive && p.under(deepestNested, mostNested):
		p.Err = errors.Join(p.Err, fmt.Errorf("%w: %s: its rows hide by lazy relations under models of more than %d levels, or on more than %d ways, "+
			"of which this database cannot ask for each row; take lazy off some of them, or cascade there", fault.ErrUnsupported, p.Schema.Name, deepestNested, mostNested))
		return nil
	}
	return p.nestedPredicate(quote)
}

// nestedPredicate is that of few models above, up to one that the way meets again.
func (p *Policy) nestedPredicate(quote func(string) string, way ...*Policy) statement.Predicate {
	const cut = "\x00"
	var texts []string
	for _, r := range p.lazyParents() {
		alias := quote(fmt.Sprintf("softdelete_parent_%d", len(way)+1))
		var keys []string
		for _, key := range r.Keys {
			keys = append(keys, alias+"."+quote(key.Parent.DBName)+" = "+cut+quote(key.Child.DBName))
		}
		none := func(table, gone string) {
			texts = append(texts, "NOT EXISTS (SELECT 1 FROM "+quote(table)+" AS "+alias+" WHERE "+strings.Join(keys, " AND ")+" AND "+gone+")")
		}
		var hides string // the condition that the parent is hidden itself
		if !slices.Contains(append(way, p), r.Parent) {
			if hidden := r.Parent.nestedPredicate(quote, append(slices.Clone(way), p)...); hidden != nil {
				hides = "NOT (" + hidden.Of(alias) + ")"
			}
		}
		if archived := r.ArchivedParent(alias, quote); archived != "" {
			none(r.Parent.DeletedTable(), archived)
			if hides != "" {
				none(r.Parent.Table, hides)
			}
			continue
		}
		gone := r.Parent.Predicates.Deleted.Of(alias)
		if hides != "" {
			gone = "(" + gone + " OR " + hides + ")"
		}
		none(r.Parent.Table, gone)
	}
	if texts == nil {
		return nil
	}
	return strings.Split(strings.Join(texts, " AND "), cut)
}
