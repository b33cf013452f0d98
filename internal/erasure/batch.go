package erasure

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/gorm-softdelete/softdelete/internal/certificate"
	"github.com/gorm-softdelete/softdelete/internal/erasedrow"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room works off a person with more rows than Config.ErasureBatch. Each batch is a transaction: its rows are masked, read
// back and noted as erased, so that a call that ends between two of them loses nothing, and the same request goes on where it
// stopped. The rows that the walk came to last go first: a row that is removed leaves none behind that only it led to. The
// subject's own row goes last, with its certificate.

// erasureProgress is a row of the table softdelete_erasure_progress: a request that is not finished.
type erasureProgress struct {
	RequestID    string `gorm:"column:request_id;primaryKey;size:128"`
	SubjectTable string `gorm:"column:subject_table"`
	SubjectKey   string `gorm:"column:subject_key"`
	Batches      int    `gorm:"column:batches"`
	Tables       string `gorm:"column:tables;type:text"` // what the batches have done, as the certificate will list it
}

// TableName implements schema.Tabler.
func (erasureProgress) TableName() string { return "softdelete_erasure_progress" }

// progressTable is the table of requests that are not finished.
var progressTable = statement.NewOwn[erasureProgress]()

// size counts rows.
func size(list []*reachedModel) (n int) {
	for _, m := range list {
		n += len(m.rows) + len(m.gone)
	}
	return n
}

// work counts the rows that a batch notes as erased: those of models with personal data. Others are noted nowhere. Each batch that
// comes by them takes them along, and they are no reason for a further one: it would find them again.
func work(list []*reachedModel) (n int) {
	for _, m := range list {
		if m.Policy.Personal.Erases() {
			n += len(m.rows) + len(m.gone)
		}
	}
	return n
}

// readProgress finds what calls of the same request have done before.
func (x *erasure) readProgress(tx statement.Session) error {
	rows, err := progressTable.Find(tx, func(q *statement.Query) { q.Text(" WHERE ").Name("request_id").Text(" = ").Bind(x.request.ID) })
	if err != nil {
		return erasedrow.TablesError(err)
	}
	x.progress, x.before = nil, nil
	if len(rows) == 0 {
		return nil
	}
	x.progress = &rows[0]
	if err := x.sameSubject(tx, &certificate.Certificate{SubjectTable: rows[0].SubjectTable, SubjectKey: rows[0].SubjectKey}, nil); err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(rows[0].Tables), &x.before); err != nil {
		return fmt.Errorf("softdelete: the progress of request %s in table %s cannot be read", x.request.ID, progressTable.Name())
	}
	return nil
}

// leftRow is a row that a later transaction erases.
type leftRow struct {
	spot
	row erasedrow.ReachedRow
}

// part takes a batch of the rows, the last in the order of the walk, and leaves the others to later transactions; those that are in
// an event log only are left to the last one, which walks again.
func (x *erasure) part(fresh []*reachedModel) []*reachedModel {
	rows := map[spot]erasedrow.ReachedRow{}
	gone := map[spot]goneRow{}
	for _, m := range fresh {
		for _, row := range m.rows {
			rows[spot{m.Place, row.Text}] = row
		}
		for _, row := range m.gone {
			gone[spot{m.Place, row.mark()}] = row
		}
	}
	order := slices.DeleteFunc(slices.Clone(x.reach.order), func(at spot) bool {
		_, isRow := rows[at]
		_, isGone := gone[at]
		return !isRow && !isGone
	})
	from := max(0, len(order)-x.batch())
	x.left = nil
	for _, at := range order[:from] {
		if row, isRow := rows[at]; isRow {
			x.left = append(x.left, leftRow{at, row})
		}
	}
	taken := map[spot]bool{}
	for _, at := range order[from:] {
		taken[at] = true
	}
	return partOf(fresh, taken)
}

// partOf gives those of the rows that are taken.
func partOf(list []*reachedModel, taken map[spot]bool) (part []*reachedModel) {
	for _, m := range list {
		p := &reachedModel{Place: m.Place}
		for _, row := range m.rows {
			if taken[spot{m.Place, row.Text}] {
				p.rows = append(p.rows, row)
			}
		}
		for _, row := range m.gone {
			if taken[spot{m.Place, row.mark()}] {
				p.gone = append(p.gone, row)
			}
		}
		if size([]*reachedModel{p}) > 0 {
			part = append(part, p)
		}
	}
	return part
}

// foresee looks for what would stop a later batch, before the first has changed anything. The old values stay in the program until
// the call ends: the last transaction looks for all of them.
func (x *erasure) foresee(tx statement.Session, fresh []*reachedModel) error {
	x.setPending(fresh)
	if err := x.verifier.readSecrets(tx, fresh); err != nil {
		return err
	}
	if err := x.verifier.verify(tx, x.reach.rows); err != nil {
		return err
	}
	x.pending = nil
	x.logs.forget()
	return nil
}

// setPending notes all rows as not erased yet.
func (x *erasure) setPending(fresh []*reachedModel) {
	x.pending = map[policy.Place]map[string]bool{}
	for _, m := range fresh {
		x.pending[m.Place] = map[string]bool{}
		for _, row := range m.rows {
			x.pending[m.Place][row.Text] = true
		}
		for _, row := range m.gone {
			x.pending[m.Place][row.mark()] = true
		}
	}
}

// eraseBatch erases a batch of the rows that a walk has found, all but the certificate.
func (x *erasure) eraseBatch(tx statement.Session, fresh []*reachedModel) error {
	x.later = true
	if err := x.foresee(tx, fresh); err != nil {
		return err
	}
	return x.erasePart(tx, x.part(fresh))
}

// eraseLater erases a batch of those that an earlier transaction has found, as far as they are still the person's. Others are left
// to the last one, which walks again.
func (x *erasure) eraseLater(tx statement.Session) error {
	from := len(x.left) - x.batch()
	var wanted []spot
	taken, known := map[spot]bool{}, map[spot]erasedrow.ReachedRow{}
	for _, left := range x.left[from:] {
		wanted = append(wanted, left.spot)
		taken[left.spot], known[left.spot] = true, left.row
	}
	x.left = x.left[:from]
	if err := x.reach.again(tx, wanted, known); err != nil {
		return err
	}
	if _, refusal, err := x.held(tx); err != nil || refusal != nil {
		return errors.Join(refusal, err)
	}
	fresh, err := x.reach.leaveErased(tx)
	if err != nil {
		return err
	}
	part := partOf(fresh, taken)
	if len(part) == 0 {
		return nil
	}
	return x.erasePart(tx, part)
}

// erasePart erases rows in a transaction that is not the last.
func (x *erasure) erasePart(tx statement.Session, part []*reachedModel) error {
	if err := x.clearTexts(tx, part); err != nil { // the last transaction does not know rows that are removed
		return err
	}
	for _, step := range x.maskSteps() {
		if err := step(tx, part); err != nil {
			return err
		}
	}
	verify := func(tx statement.Session) error { return x.verifier.verify(tx, part) }
	for _, step := range [...]func(statement.Session) error{x.recorder.record, x.cold.record, x.cold.check, verify} {
		if err := step(tx); err != nil {
			return err
		}
	}
	if err := x.noteProgress(tx, part); err != nil {
		return err
	}
	if err := x.announce(tx); err != nil {
		return err
	}
	return x.cold.replace(tx)
}

// noteProgress notes what the transaction has done.
func (x *erasure) noteProgress(tx statement.Session, part []*reachedModel) error {
	tables := x.tables(part)
	if !x.skipsCold() {
		tables = append(tables, x.cold.tables()...)
	}
	done, err := json.Marshal(mergeTables(x.before, tables))
	if err != nil {
		return err
	}
	progress := erasureProgress{RequestID: x.request.ID, SubjectTable: x.root.Table, SubjectKey: x.text, Batches: 1, Tables: string(done)}
	if x.progress != nil {
		progress.Batches += x.progress.Batches
	}
	return x.quiet(tx, progressTable.Put(tx, progress), "noting the progress in", progress.TableName())
}

// endBatches removes the note of the progress: the certificate takes its place.
func (x *erasure) endBatches(tx statement.Session) error {
	if x.progress == nil {
		return nil
	}
	_, err := progressTable.Delete(tx).Name("request_id").Text(" = ").Bind(x.request.ID).Exec()
	return err
}

// forget makes ready for the next batch.
func (x *erasure) forget() {
	x.cold.reset()
	x.reach.forget()
	x.logs.forget()
	x.pending, x.recorder.made = nil, nil
}
