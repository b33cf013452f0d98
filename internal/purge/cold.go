package purge

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/archive"
	"github.com/gorm-softdelete/softdelete/internal/certificate"
	"github.com/gorm-softdelete/softdelete/internal/cold"
	"github.com/gorm-softdelete/softdelete/internal/coldfile"
	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
	"github.com/gorm-softdelete/softdelete/internal/tag"
	"github.com/gorm-softdelete/softdelete/internal/walk"
)

// checkCold finds what then:cold lacks.
func checkCold(p *policy.Policy, field string, stores bool) error {
	if !stores {
		return tag.Problem(p.Schema, field, "then:cold needs Config.ColdStore; set it, to softdelete.DirColdStore for example")
	}
	return nil
}

// store writes the chosen rows whose lot is cold to the cold store, a batch per table. The rows are locked, and go in the
// transaction that follows: where that fails they are in both places, and the next purge stores them again.
func (f *family) store(chosen []*relative) error {
	for t, rows := range byTable(chosen) {
		for i, l := range t.lots {
			stored := slices.DeleteFunc(slices.Clone(rows), func(r *relative) bool { return r.lot != i+1 })
			if l.action != policy.ThenCold || len(stored) == 0 {
				continue
			}
			batches, err := f.keysApart(t, stored)
			if err != nil {
				return err
			}
			for _, apart := range batches {
				id, err := f.storeBatch(t, apart)
				if err != nil {
					return err
				}
				f.coldBatches = append(f.coldBatches, storedBatch{t.reports[i], id})
			}
		}
	}
	return nil
}

// keysApart splits archived rows so that no two with the same primary key, the first columns of theirs, are in one batch:
// they could never come back together.
func (f *family) keysApart(t *purgeTable, rows []*relative) (batches [][]*relative, err error) {
	fields, keys := t.Policy.Schema.PrimaryFields, make([][]any, len(rows))
	for i, r := range rows {
		keys[i] = r.key[:len(fields)]
	}
	texts, err := f.purge.purger.Folding.Texts(f.tx, t.Policy.Table, fields, keys)
	if err != nil {
		return nil, err
	}
	seen := map[string]int{}
	for i, r := range rows {
		key := texts[i]
		n := seen[key]
		if seen[key]++; n == len(batches) {
			batches = append(batches, nil)
		}
		batches[n] = append(batches[n], r)
	}
	return batches, nil
}

// storeBatch writes rows of a table to the cold store, and gives the batch's ID.
func (f *family) storeBatch(t *purgeTable, rows []*relative) (id string, err error) {
	batch := cold.Batch{Model: t.Policy.Schema.Name, Table: t.Table()}
	fix, leave := f.tx.Dialect.FixForm()
	for _, step := range []func() error{
		func() error { return f.execute(fix) },
		func() error {
			for part := range slices.Chunk(rows, keysAtOnce) {
				if err := f.load(&batch, t, part); err != nil {
					return err
				}
			}
			return nil
		},
		func() error { return f.execute(leave) },
	} {
		if err := step(); err != nil {
			return "", err
		}
	}
	if len(batch.Rows) != len(rows) {
		return "", cold.ErrChanged
	}
	if batch.ID, err = cold.Identify(batch); err != nil {
		return "", err
	}
	if err := f.purge.purger.ColdStore.Put(f.tx.Statement.Context, batch); err != nil {
		return "", fmt.Errorf("%w did not take %d %s: %w", errColdStore, len(rows), fault.Plural(int64(len(rows)), "row"), err)
	}
	return batch.ID, nil
}

// execute executes a statement, unless it is empty.
func (f *family) execute(text string) error {
	if text == "" {
		return nil
	}
	_, err := f.tx.Query().Text(text).Exec()
	return err
}

// errColdStore is the error of a cold store.
var errColdStore = errors.New("the cold store")

// storedBatch is a batch that counts once its rows have gone.
type storedBatch struct {
	report *ModelPurge
	id     string
}

// load reads rows with all of their columns, those too that the model does not have.
func (f *family) load(batch *cold.Batch, t *purgeTable, rows []*relative) error {
	q := f.tx.Query().Text("SELECT * FROM ").Name(t.name).Text(" WHERE ")
	keyIn(q, t, "", rows)
	q.Text(" ORDER BY ")
	q.ColumnsNamed(t.name, t.KeyColumns)
	loaded, err := q.Records()
	for _, row := range loaded {
		if t.Archived {
			delete(row, policy.ArchiveIDColumn) // a number of the archive alone
		}
	}
	batch.Rows = append(batch.Rows, loaded...)
	return err
}

// Thaw brings the rows of a cold batch back into their table, live, in one transaction, and gives their number.
func (purger *Purger) Thaw(db *gorm.DB, batchID string) (int64, error) {
	store := purger.ColdStore
	if store == nil {
		return 0, fmt.Errorf("%w: there is no Config.ColdStore to thaw from", fault.ErrUnsupported)
	}
	batch, err := store.Get(db.Statement.Context, batchID)
	if err != nil {
		return 0, fmt.Errorf("softdelete: thaw %s: %w", batchID, err)
	}
	session := purger.Session(db).InWork(db.Statement.Context)
	p, err := purger.thawedModel(session.DB, batch, batchID)
	if err != nil {
		return 0, err
	}
	err = session.Again(func() error {
		return session.Work(func(tx statement.Session) error {
			if batch, err = purger.lockedBatch(tx, p, batch); err != nil {
				return err
			}
			batch.Rows = slices.DeleteFunc(batch.Rows, func(row map[string]any) bool { return cold.MarkOf(row).Removed })
			return purger.thaw(tx, p, batch)
		})
	}, session.Repeatable)
	if err != nil {
		return 0, fmt.Errorf("softdelete: thaw %s: %w", batchID, err)
	}
	return int64(len(batch.Rows)), nil
}

// lockedBatch keeps erasures from the batch until the transaction ends, and reads it again: one may have rewritten it.
func (purger *Purger) lockedBatch(tx statement.Session, p *policy.Policy, batch cold.Batch) (cold.Batch, error) {
	if err := tx.LockWriter(p.Table, p.Schema.PrimaryFields); err != nil {
		return batch, err
	}
	store := cold.RewriterOf(purger.ColdStore)
	if store == nil {
		return batch, nil
	}
	if known, err := purger.Records.There(tx); err != nil || !known {
		return batch, err
	}
	if _, err := certificate.LockHead(tx); err != nil {
		return batch, err
	}
	return store.Get(tx.Statement.Context, batch.ID)
}

// thawedModel finds the model of a batch, and refuses one that is not what it says.
func (purger *Purger) thawedModel(db *gorm.DB, batch cold.Batch, id string) (*policy.Policy, error) {
	if batch.ID != id {
		return nil, fmt.Errorf("softdelete: thaw %s: the store gave the batch %q instead", id, batch.ID)
	}
	for _, p := range purger.Known(db) {
		if p.Schema.Name != batch.Model {
			continue
		}
		r, ok := p.Remains()
		if !ok || r.Table() != batch.Table {
			continue
		}
		return p, nil
	}
	return nil, fmt.Errorf("softdelete: thaw %s: the batch is of the model %s, table %s, which is not known here; name it in Config.Models",
		id, batch.Model, batch.Table)
}

// thaw inserts the rows as they were, and then takes their marks off as a restore does.
func (purger *Purger) thaw(tx statement.Session, p *policy.Policy, batch cold.Batch) error {
	if deferred := tx.Dialect.DeferKeys(); deferred != "" {
		if _, err := tx.Query().Text(deferred).Exec(); err != nil {
			return err
		}
	}
	if len(batch.Rows) == 0 {
		return nil
	}
	// After a refusal there may be nothing that can be asked.
	rules, err := tx.Dialect.Exclusives(tx.DB, dialect.Table{Name: p.Table, Quoted: statement.QuoteName(tx.DB, p.Table)})
	if err != nil {
		return err
	}
	if err := refuseTaken(tx, p, batch.Rows); err != nil {
		return thawError(tx, p, rules, err)
	}
	if err := purger.refuseWithoutParents(tx, p, batch.Rows); err != nil {
		return thawError(tx, p, rules, err)
	}
	if err := purger.insertAll(tx, p, batch.Rows); err != nil {
		return thawError(tx, p, rules, err)
	}
	var keys [][]any
	for _, r := range batch.Rows {
		var key []any
		for _, column := range p.Schema.PrimaryFieldDBNames {
			value, ok := r[column]
			if !ok {
				return fmt.Errorf("a row of the batch lacks the column %s of the key of %s; %s", column, p.Schema.Name, coldfile.BringBack)
			}
			key = append(key, value)
		}
		keys = append(keys, key)
	}
	for part := range slices.Chunk(keys, keysAtOnce) {
		if unmarked := p.RestoreAssignments(); len(unmarked) > 0 {
			q := policy.Assign(tx.Query().Update(p.Table), unmarked).Text(" WHERE ")
			q.KeyAmong(statement.Table{Name: p.Table}, p.Schema.PrimaryFields, part)
			if _, err := q.Exec(); err != nil {
				return thawError(tx, p, rules, err)
			}
		}
		if err := refuseOrphans(tx, p, part); err != nil {
			return err
		}
	}
	return purger.Eraser.RecordThawed(tx, p, batch.Rows, keys)
}

// insert writes rows that have the same columns into the model's table, but for those that the database computes: many in
// one statement, for they may refer to each other. Where some columns are named the rows are there, and get new values in these.
func insert(tx statement.Session, p *policy.Policy, rows []map[string]any, named []string) error {
	table, err := archive.TableColumns(tx, p.Table)
	if err != nil {
		return err
	}
	var columns []string
	overriding := ""
	for _, name := range slices.Sorted(maps.Keys(rows[0])) {
		column := tx.Dialect.FindColumn(table, name)
		switch {
		case p.DeletedPlace().Adds(name), name == cold.ErasedColumn, name == cold.RemovedColumn, column != nil && column.Generated:
			continue
		case column == nil:
			return fmt.Errorf("the column %s is no longer in the table %s; add it, thaw, and drop it again", name, p.Table)
		case column.Identity:
			overriding = tx.Dialect.Overriding()
		}
		columns = append(columns, name)
	}
	for part := range slices.Chunk(rows, max(1, keysAtOnce/len(columns))) {
		q := tx.Query().Text("INSERT INTO ").Name(p.Table).Text(" (")
		q.ColumnsNamed("", columns).Text(") ", overriding, " VALUES ")
		statement.Joined(q, part, ", ", func(row map[string]any) {
			q.Text("(")
			statement.Joined(q, columns, ", ", func(column string) { q.Bind(row[column]) }).Text(")")
		})
		if len(named) > 0 {
			q.Text(q.Dialect.ReplacePresent(quotedAll(q, p.Schema.PrimaryFieldDBNames), quotedAll(q, named)))
		}
		if _, err := q.Exec(); err != nil {
			return err
		}
	}
	return nil
}

func quotedAll(q *statement.Query, columns []string) (quoted []string) {
	for _, column := range columns {
		quoted = append(quoted, q.Quoted("", column))
	}
	return quoted
}

// refuseOrphans gives ErrParentDeleted where a thawed row would stand live under a deleted parent.
func refuseOrphans(tx statement.Session, p *policy.Policy, keys [][]any) error {
	for _, r := range slices.Concat(p.CascadeParents(), p.Guards) {
		if !r.Parent.KeepsDeleted() {
			continue
		}
		var rows int64
		under := func(q *statement.Query) *statement.Query {
			q.Text(" FROM ").Name(r.Child.Table).Text(" AS c, ").Name(r.Parent.DeletedTable()).Text(" AS p WHERE ")
			(&reference{relation: r}).match(q, "p", "c")
			walk.AndDeleted(q, r.Parent, "p")
			walk.AndArchived(q, r, "p").Text(" AND ")
			q.KeyAmong(statement.Table{Name: p.Table, Alias: "c"}, p.Schema.PrimaryFields, keys)
			return q
		}
		if err := under(tx.Query().Text("SELECT count(*)")).Rows(func(scan func(...any) error) error { return scan(&rows) }); err != nil {
			return err
		}
		if rows == 0 {
			continue
		}
		fields := r.Parent.Schema.PrimaryFields
		q := under(tx.Query().Text("SELECT ").Columns("p", fields))
		parents, err := q.Text(" ORDER BY ").Columns("p", fields).Text(" LIMIT 1").KeyTexts(fields)
		if err != nil {
			return err
		}
		return fault.UnderDeleted(r.Parent.Table, r.Name, strings.Join(parents, ""), "%d %s of %s (table %s); restore the parent first", rows,
			fault.Plural(rows, "row"), r.Parent.Schema.Name, r.Parent.Table)
	}
	return nil
}
