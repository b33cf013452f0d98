package softdelete

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/coldfile"
)

// This room is for rows that leave the database and are kept: what a cold store is, how a purge writes to it, and how rows
// come back. The store that writes files is in coldstore_dir.go.

// ColdBatch is the rows of one table that one transaction of a purge wrote to the cold store.
type ColdBatch struct {
	ID, Model, Table string
	// Rows are the rows with their columns' names: values as database/sql gives them, which are nil, bool, int64, float64,
	// string, []byte and time.Time.
	Rows []map[string]any
}

// ColdStore keeps purged rows outside of the database. It may be used by several goroutines.
type ColdStore interface {
	// Put stores a batch. It is durable when Put returns nil: the rows are removed from the database then. A batch with the
	// ID of one that is stored already has the same rows.
	Put(ctx context.Context, b ColdBatch) error
	// Get gives a batch as it was put, or an error where it is not there or damaged.
	Get(ctx context.Context, id string) (ColdBatch, error)
}

// checkCold finds what then:cold lacks.
func (e *engine) checkCold(p *policy, field string) error {
	if e.plugin.config.ColdStore == nil {
		return problem(p.schema, field, "then:cold needs Config.ColdStore; set it, to softdelete.DirColdStore for example")
	}
	return nil
}

// store writes the chosen rows whose lot is cold to the cold store, a batch per table. The rows are locked, and go in the
// transaction that follows: where that fails they are in both places, and the next purge stores them again.
func (f *family) store(chosen []*relative) error {
	for t, rows := range byTable(chosen) {
		for i, l := range t.lots {
			cold := slices.DeleteFunc(slices.Clone(rows), func(r *relative) bool { return r.lot != i+1 })
			if l.action != thenCold || len(cold) == 0 {
				continue
			}
			for _, apart := range keysApart(cold, len(t.policy.schema.PrimaryFields)) {
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
func keysApart(rows []*relative, columns int) (batches [][]*relative) {
	seen := map[string]int{}
	for _, r := range rows {
		key := rowID(r.table, r.key[:columns])
		n := seen[key]
		if seen[key]++; n == len(batches) {
			batches = append(batches, nil)
		}
		batches[n] = append(batches[n], r)
	}
	return batches
}

// storeBatch writes rows of a table to the cold store, and gives the batch's ID.
func (f *family) storeBatch(t *purgeTable, rows []*relative) (id string, err error) {
	batch := ColdBatch{Model: t.policy.schema.Name, Table: t.table}
	for part := range slices.Chunk(rows, keysAtOnce(t.key)) {
		if err := f.load(&batch, t, part); err != nil {
			return "", err
		}
	}
	if len(batch.Rows) != len(rows) {
		return "", errChanged
	}
	if batch.ID, err = batch.identify(); err != nil {
		return "", err
	}
	if err := f.purge.engine.plugin.config.ColdStore.Put(f.tx.Statement.Context, batch); err != nil {
		return "", fmt.Errorf("the cold store did not take %d %s: %w", len(rows), plural(int64(len(rows)), "row"), err)
	}
	return batch.ID, nil
}

// storedBatch is a batch that counts once its rows have gone.
type storedBatch struct {
	report *ModelPurge
	id     string
}

// load reads rows with all of their columns, those too that the model does not have.
func (f *family) load(batch *ColdBatch, t *purgeTable, rows []*relative) error {
	q := newQuery(f.tx, f.purge.engine.dialect).text("SELECT * FROM ").name(t.name).text(" WHERE ")
	keyIn(q, t.name, t.key, rows)
	q.text(" ORDER BY ")
	names(q, t.name, t.key)
	loaded, err := q.records()
	batch.Rows = append(batch.Rows, loaded...)
	return err
}

// identify names a batch by its rows, so that a batch that is stored again after a crash takes the place of the first.
func (b ColdBatch) identify() (string, error) {
	hash := sha256.New()
	for _, r := range b.Rows {
		line, err := coldfile.EncodeRow(r)
		if err != nil {
			return "", fmt.Errorf("%w: %w", ErrUnsupported, err)
		}
		hash.Write(line)
	}
	table := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '_'
	}, b.Table)
	return table + "-" + hex.EncodeToString(hash.Sum(nil))[:32], nil
}

// Thaw brings the rows of a cold batch back into their table, live, in one transaction, and gives their number. Where a key
// or a unique value is taken, or a foreign key misses its row, nothing comes back and the error wraps ErrRestoreConflict or
// the database's own. The model must be in Config.Models, or have been used before. Rows that an erasure has masked come back
// masked and stay erased; those that it has removed do not come back.
func Thaw(db *gorm.DB, batchID string) (int64, error) {
	e, err := engineOf(db)
	if err != nil {
		return 0, err
	}
	store := e.plugin.config.ColdStore
	if store == nil {
		return 0, fmt.Errorf("%w: there is no Config.ColdStore to thaw from", ErrUnsupported)
	}
	batch, err := store.Get(db.Statement.Context, batchID)
	if err != nil {
		return 0, fmt.Errorf("softdelete: thaw %s: %w", batchID, err)
	}
	session := inWork(db, db.Statement.Context)
	p, err := e.thawedModel(session, batch, batchID)
	if err != nil {
		return 0, err
	}
	err = session.Transaction(func(tx *gorm.DB) error {
		if batch, err = e.lockedBatch(tx, p, batch); err != nil {
			return err
		}
		batch.Rows = slices.DeleteFunc(batch.Rows, func(row map[string]any) bool { return coldMarkOf(row).removed })
		return e.thaw(tx, p, batch)
	})
	if err != nil {
		return 0, fmt.Errorf("softdelete: thaw %s: %w", batchID, err)
	}
	return int64(len(batch.Rows)), nil
}

// lockedBatch keeps erasures from the batch until the transaction ends, and reads it again: one may have rewritten it.
func (e *engine) lockedBatch(tx *gorm.DB, p *policy, batch ColdBatch) (ColdBatch, error) {
	if err := e.lockWriter(tx, p); err != nil {
		return batch, err
	}
	store := e.rewriter()
	if store == nil {
		return batch, nil
	}
	if known, err := e.erasuresKnown(tx); err != nil || !known {
		return batch, err
	}
	if _, err := e.lockHead(tx); err != nil {
		return batch, err
	}
	return store.Get(tx.Statement.Context, batch.ID)
}

// thawedModel finds the model of a batch, and refuses one that is not what it says.
func (e *engine) thawedModel(db *gorm.DB, batch ColdBatch, id string) (*policy, error) {
	if batch.ID != id {
		return nil, fmt.Errorf("softdelete: thaw %s: the store gave the batch %q instead", id, batch.ID)
	}
	for _, p := range e.known(db) {
		if p.schema.Name != batch.Model {
			continue
		}
		r, ok := p.remains()
		if !ok || r.table != batch.Table {
			continue
		}
		return p, nil
	}
	return nil, fmt.Errorf("softdelete: thaw %s: the batch is of the model %s, table %s, which is not known here; name it in Config.Models",
		id, batch.Model, batch.Table)
}

// thaw inserts the rows as they were, and then takes their marks off as a restore does.
func (e *engine) thaw(tx *gorm.DB, p *policy, batch ColdBatch) error {
	if deferred := e.dialect.DeferKeys(); deferred != "" {
		if _, err := newQuery(tx, e.dialect).text(deferred).exec(); err != nil {
			return err
		}
	}
	if len(batch.Rows) == 0 {
		return nil
	}
	if err := e.insert(tx, p, batch.Rows); err != nil {
		return e.thawError(tx, p, err)
	}
	var keys [][]any
	for _, r := range batch.Rows {
		var key []any
		for _, column := range p.schema.PrimaryFieldDBNames {
			value, ok := r[column]
			if !ok {
				return fmt.Errorf("a row of the batch lacks the column %s of the key of %s", column, p.schema.Name)
			}
			key = append(key, value)
		}
		keys = append(keys, key)
	}
	for part := range slices.Chunk(keys, keysAtOnce(p.schema.PrimaryFieldDBNames)) {
		if !p.archives() {
			q := newQuery(tx, e.dialect).text("UPDATE ").name(p.schema.Table).text(" SET ").assign(p.restoreAssignments()).text(" WHERE ")
			keyAmong(q, p.schema.Table, p.schema.PrimaryFieldDBNames, part)
			if _, err := q.exec(); err != nil {
				return e.thawError(tx, p, err)
			}
		}
		if err := e.refuseOrphans(tx, p, part); err != nil {
			return err
		}
	}
	return e.recordThawed(tx, p, batch.Rows, keys)
}

// insert writes rows that have the same columns into the model's table, but for those that the database computes: many in
// one statement, for they may refer to each other.
func (e *engine) insert(tx *gorm.DB, p *policy, rows []map[string]any) error {
	table, err := e.tableColumns(tx, p.schema.Table)
	if err != nil {
		return err
	}
	var columns []string
	overriding := ""
	for _, name := range slices.Sorted(maps.Keys(rows[0])) {
		column := e.dialect.FindColumn(table, name)
		switch {
		case p.archives() && ownColumn(name), name == coldErasedColumn, name == coldRemovedColumn, column != nil && column.Generated:
			continue
		case column == nil:
			return fmt.Errorf("the column %s is no longer in the table %s; add it, thaw, and drop it again", name, p.schema.Table)
		case column.Identity:
			overriding = e.dialect.Overriding()
		}
		columns = append(columns, name)
	}
	for part := range slices.Chunk(rows, max(1, keysAtOnce(nil)/len(columns))) {
		q := newQuery(tx, e.dialect).text("INSERT INTO ").name(p.schema.Table).text(" (")
		names(q, "", columns).text(") ", overriding, " VALUES ")
		joined(q, part, ", ", func(row map[string]any) {
			q.text("(")
			joined(q, columns, ", ", func(column string) { q.bind(row[column]) }).text(")")
		})
		if _, err := q.exec(); err != nil {
			return err
		}
	}
	return nil
}

// refuseOrphans gives ErrParentDeleted where a thawed row would stand live under a deleted parent.
func (e *engine) refuseOrphans(tx *gorm.DB, p *policy, keys [][]any) error {
	for _, r := range slices.Concat(p.cascadeParents(), p.guards) {
		if !r.parent.keepsDeleted() {
			continue
		}
		var rows int64
		q := newQuery(tx, e.dialect).text("SELECT count(*) FROM ").name(r.child.schema.Table).text(" AS c, ").name(r.parent.deletedTable()).text(" AS p WHERE ")
		(&reference{relation: r}).match(q, "p", "c")
		q.andDeleted(r.parent, "p")
		if r.parent.archives() {
			q.text(" AND ", r.archivedParent(quoteName(tx, "p"), func(name string) string { return quoteName(tx, name) }))
		}
		q.text(" AND ")
		keyAmong(q, "c", p.schema.PrimaryFieldDBNames, keys)
		if err := q.rows(func(scan func(...any) error) error { return scan(&rows) }); err != nil {
			return err
		}
		if rows > 0 {
			return fmt.Errorf("%w: %d %s of %s (table %s); restore the parent first", ErrParentDeleted, rows, plural(rows, "row"),
				r.parent.schema.Name, r.parent.schema.Table)
		}
	}
	return nil
}

// thawError tells a conflict with rows that are there.
func (e *engine) thawError(tx *gorm.DB, p *policy, err error) error {
	translated := err
	if translator, ok := tx.Dialector.(gorm.ErrorTranslator); ok {
		translated = translator.Translate(err)
	}
	if errors.Is(translated, gorm.ErrDuplicatedKey) {
		return fmt.Errorf("%w: a row of %s with the same key or unique value is there: %w", ErrRestoreConflict, p.schema.Name, err)
	}
	return err
}

// records runs a statement and gives its rows by their columns' names.
func (q *query) records() (list []map[string]any, err error) {
	rows, err := q.sqlRows()
	if err != nil || rows == nil {
		return nil, err
	}
	defer func() {
		if closeErr := rows.Close(); err == nil {
			err = closeErr
		}
	}()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	for rows.Next() {
		targets, values := scanTargets(len(columns))
		if err := rows.Scan(targets...); err != nil {
			return nil, err
		}
		record := make(map[string]any, len(columns))
		for i, value := range values() {
			record[columns[i]] = value
		}
		list = append(list, record)
	}
	return list, translate(q.tx, rows.Err())
}
