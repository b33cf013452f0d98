package softdelete

import (
	"slices"
	"strings"
)

// This room says in the certificate what cold storage keeps: an erasure does not reach what a purge has written there.

// coldNote names the tables of the walk whose rows may lie in cold storage; it is empty where there are none.
func (x *erasure) coldNote() string {
	config := &x.engine.plugin.config
	if config.ColdStore == nil {
		return ""
	}
	var tables []string
	add := func(p *policy) {
		cold := p.then == thenCold || p.tenantField != nil && config.TenantRetention != nil
		if table := p.schema.Table; cold && !slices.Contains(tables, table) {
			tables = append(tables, table)
		}
	}
	add(x.root)
	for _, relations := range x.edges {
		for _, r := range relations {
			add(r.child)
		}
	}
	if len(tables) == 0 {
		return ""
	}
	slices.Sort(tables)
	return "rows of " + strings.Join(tables, ", ") + " that a purge wrote to cold storage are not erased; thaw them and erase again"
}
