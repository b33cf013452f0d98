package softdelete

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
)

// This room finds the rows of a person in cold storage, batch by batch, and says in the certificate what it cannot reach.
// erasure_cold_owners.go ties them to the rows in the database, erasure_cold_mask.go masks them, erasure_cold_rewrite.go puts
// them back.

// coldSearch is what an erasure knows of cold storage.
type coldSearch struct {
	store  ColdRewriter
	models []*coldModel // parents before children, as far as there is such an order
	// owners are, by relation, the values that the key columns of a child of the person have.
	owners map[*relation]map[string]bool
	// parents are the rows found, as values that rows in the database may refer to.
	parents map[*relation][][]any
	// certified tells, by request, whether what it has masked is certified.
	certified map[string]bool
}

// coldModel is a table of the walk with the person's rows in it, by batch and by their places there.
type coldModel struct {
	policy  *policy
	table   string
	batches map[string]map[int]*coldRow
	sizes   map[string]int // the rows of those batches
}

// coldRow is a row of the person in cold storage.
type coldRow struct {
	key       []any
	requestID string // of the erasure that has masked it, empty for none
	changes   bool   // something of it is to be erased
}

// findColdModels lists the tables of the walk that rows may leave for cold storage, whether they do so now or not.
func (x *erasure) findColdModels() {
	store := x.engine.rewriter()
	if store == nil {
		return
	}
	x.cold = &coldSearch{store: store, certified: map[string]bool{}}
	for _, p := range x.reachable() {
		if r, ok := p.remains(); ok {
			x.cold.models = append(x.cold.models, &coldModel{policy: p, table: r.table})
		}
	}
	x.cold.reset()
}

// reset forgets the rows.
func (c *coldSearch) reset() {
	if c == nil {
		return
	}
	c.owners, c.parents = map[*relation]map[string]bool{}, map[*relation][][]any{}
	for _, m := range c.models {
		m.batches, m.sizes = map[string]map[int]*coldRow{}, map[string]int{}
	}
}

// reachable lists the models that the subject's leads to, itself first.
func (x *erasure) reachable() []*policy {
	list := []*policy{x.root}
	for i := 0; i < len(list); i++ {
		for _, r := range x.edges[list[i]] {
			if !slices.Contains(list, r.child) {
				list = append(list, r.child)
			}
		}
	}
	return list
}

// reachAll walks through the database and cold storage until neither leads to more rows of the other.
func (x *erasure) reachAll(tx *gorm.DB) error {
	for {
		if err := x.reach(tx); err != nil || x.cold == nil || len(x.cold.models) == 0 {
			return err
		}
		if err := x.ownColdRows(tx); err != nil {
			return err
		}
		found, err := x.searchCold(tx)
		if err != nil || !found {
			return err
		}
	}
}

// searchCold reads the batches, one at a time, until a pass finds no further row of the person.
func (x *erasure) searchCold(tx *gorm.DB) (found bool, err error) {
	for more := true; more; found = found || more {
		more = false
		for _, m := range x.cold.models {
			fresh, err := x.searchTable(tx, m)
			if err != nil {
				return false, err
			}
			more = more || fresh
		}
	}
	return found, nil
}

func (x *erasure) searchTable(tx *gorm.DB, m *coldModel) (found bool, err error) {
	err = x.eachBatch(tx, m, func(batch ColdBatch) error {
		for i, row := range batch.Rows {
			if m.batches[batch.ID][i] != nil || !x.belongs(m.policy, row) {
				continue
			}
			found = true
			if m.batches[batch.ID] == nil {
				m.batches[batch.ID] = map[int]*coldRow{}
			}
			m.sizes[batch.ID] = len(batch.Rows)
			known, err := x.coldRow(tx, m, row)
			if err != nil {
				return err
			}
			m.batches[batch.ID][i] = known
			x.ownsRows(m.policy, row)
		}
		return nil
	})
	return found, err
}

// eachBatch reads the batches of a table.
func (x *erasure) eachBatch(tx *gorm.DB, m *coldModel, each func(ColdBatch) error) error {
	ctx := tx.Statement.Context
	ids, err := x.cold.store.Batches(ctx, m.table)
	if err != nil {
		return x.coldError("list the batches of table "+m.table, err)
	}
	for _, id := range ids {
		batch, err := x.cold.store.Get(ctx, id)
		if err != nil {
			return x.coldError("read the batch "+id, err)
		}
		if batch.ID != id || batch.Table != m.table {
			return x.coldError("read the batch "+id, fmt.Errorf("it gave the batch %q of table %s", batch.ID, batch.Table))
		}
		if err := each(batch); err != nil {
			return err
		}
	}
	return nil
}

func (x *erasure) coldError(doing string, err error) error {
	return fmt.Errorf("softdelete: the cold store could not %s; %s: %w", doing, x.nothingErased(), err)
}

// coldRow tells what is to be done with a row. One that a request has masked which never got its certificate is rewritten: a
// crash may have left the old rows beside it.
func (x *erasure) coldRow(tx *gorm.DB, m *coldModel, row map[string]any) (*coldRow, error) {
	r := &coldRow{requestID: coldErasedBy(row)}
	for _, column := range m.policy.schema.PrimaryFieldDBNames {
		r.key = append(r.key, row[column])
	}
	if r.requestID == "" {
		r.changes = m.policy.erases() || m.hasTexts(row)
		return r, nil
	}
	certified, known := x.cold.certified[r.requestID]
	if !known {
		c, err := x.engine.certificateOf(tx, r.requestID)
		if err != nil {
			return nil, err
		}
		certified = c != nil
		x.cold.certified[r.requestID] = certified
	}
	r.changes = !certified
	return r, nil
}

// findColdSubject finds a subject whose row is in cold storage only.
func (x *erasure) findColdSubject(tx *gorm.DB) (found bool, err error) {
	if x.cold == nil {
		return false, nil
	}
	for _, m := range x.cold.models {
		if m.policy != x.root {
			continue
		}
		err := x.eachBatch(tx, m, func(batch ColdBatch) error {
			for _, row := range batch.Rows {
				if !found && x.isSubject(row) {
					found = true
					x.row = coldIdentity(x.root, row)
					x.text = keyText(x.row.key)
					x.row.key = nil // no row of a table
				}
			}
			return nil
		})
		if err != nil {
			return false, err
		}
	}
	return found, nil
}

// coldIdentity is the row as the database would tell it.
func coldIdentity(p *policy, row map[string]any) (r reachedRow) {
	var parts []string
	for _, column := range p.schema.PrimaryFieldDBNames {
		r.key = append(r.key, row[column])
		parts = append(parts, textOf(row[column]))
	}
	r.text = parts[0]
	if len(parts) > 1 {
		for i, part := range parts {
			parts[i] = strings.ReplaceAll(strings.ReplaceAll(part, `\`, `\\`), ",", `\,`)
		}
		r.text = strings.Join(parts, ",")
	}
	if field := creation(p.schema); field != nil {
		switch at := row[field.DBName].(type) {
		case time.Time:
			r.created = at.UnixNano()
		case int64:
			r.created = at
		}
	}
	return r
}

// coldNote names the tables of the walk whose rows may lie in a cold store that cannot rewrite; it is empty where there are none.
func (x *erasure) coldNote() string {
	config := &x.engine.plugin.config
	if config.ColdStore == nil || x.cold != nil {
		return ""
	}
	var tables []string
	for _, p := range x.reachable() {
		cold := p.then == thenCold || p.tenantField != nil && config.TenantRetention != nil
		if table := p.schema.Table; cold && !slices.Contains(tables, table) {
			tables = append(tables, table)
		}
	}
	if len(tables) == 0 {
		return ""
	}
	slices.Sort(tables)
	return "rows of " + strings.Join(tables, ", ") + " that a purge wrote to cold storage are not erased; thaw them and erase again"
}
