package erasure

import (
	"encoding/json"
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
	if err := x.sameSubject(&certificate.Certificate{SubjectTable: rows[0].SubjectTable, SubjectKey: rows[0].SubjectKey}, nil); err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(rows[0].Tables), &x.before); err != nil {
		return fmt.Errorf("softdelete: the progress of request %s in table %s cannot be read", x.request.ID, progressTable.Name())
	}
	return nil
}

// part takes a batch of the rows, the last in the order of the walk, with the rows that are no work among them, and notes the others
// as pending.
func (x *erasure) part(fresh []*reachedModel) []*reachedModel {
	left := map[policy.Place]map[string]bool{}
	for _, m := range fresh {
		left[m.Place] = map[string]bool{}
		for _, row := range m.rows {
			left[m.Place][row.Text] = true
		}
		for _, row := range m.gone {
			left[m.Place][row.mark()] = true
		}
	}
	taken := map[policy.Place]map[string]bool{}
	n := 0
	for _, step := range slices.Backward(x.reach.order) {
		if n == x.batch() {
			break
		}
		if !left[step.Place][step.mark] {
			continue
		}
		delete(left[step.Place], step.mark)
		if taken[step.Place] == nil {
			taken[step.Place] = map[string]bool{}
		}
		taken[step.Place][step.mark] = true
		if step.Policy.Personal.Erases() {
			n++
		}
	}
	x.pending = left
	var part []*reachedModel
	for _, m := range fresh {
		p := &reachedModel{Place: m.Place}
		for _, row := range m.rows {
			if taken[m.Place][row.Text] {
				p.rows = append(p.rows, row)
			}
		}
		for _, row := range m.gone {
			if taken[m.Place][row.mark()] {
				p.gone = append(p.gone, row)
			}
		}
		if size([]*reachedModel{p}) > 0 {
			part = append(part, p)
		}
	}
	return part
}

// foresee looks for what would stop a later batch, before the first has changed anything.
func (x *erasure) foresee(tx statement.Session, fresh []*reachedModel) error {
	for left := fresh; size(left) > 0; {
		x.verifier.secrets = nil
		part := x.part(left)
		var rest []*reachedModel
		for _, m := range left {
			r := &reachedModel{Place: m.Place}
			for _, row := range m.rows {
				if x.pending[m.Place][row.Text] {
					r.rows = append(r.rows, row)
				}
			}
			for _, row := range m.gone {
				if x.pending[m.Place][row.mark()] {
					r.gone = append(r.gone, row)
				}
			}
			rest = append(rest, r)
		}
		x.setPending(fresh)
		if err := x.verifier.readSecrets(tx, part); err != nil {
			return err
		}
		if err := x.verifier.verify(tx); err != nil {
			return err
		}
		left = rest
	}
	x.verifier.secrets, x.logs.loggedRows = nil, map[*policy.Policy]int64{}
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

// eraseBatch erases a batch of the rows, all but the certificate.
func (x *erasure) eraseBatch(tx statement.Session, fresh []*reachedModel) error {
	if x.progress == nil {
		if err := x.foresee(tx, fresh); err != nil {
			return err
		}
	}
	part := x.part(fresh)
	if err := x.clearTexts(tx, part); err != nil { // the last transaction does not know rows that are removed
		return err
	}
	for _, step := range x.maskSteps() {
		if err := step(tx, part); err != nil {
			return err
		}
	}
	for _, step := range [...]func(statement.Session) error{x.recorder.record, x.cold.record, x.cold.check, x.verifier.verify} {
		if err := step(tx); err != nil {
			return err
		}
	}
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
	if err := progressTable.Put(tx, progress); err != nil {
		return x.quiet(tx, err, "noting the progress in", progress.TableName())
	}
	if err := x.announce(tx); err != nil {
		return err
	}
	return x.cold.replace(tx)
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
	x.pending, x.verifier.secrets, x.recorder.made = nil, nil, nil
}
