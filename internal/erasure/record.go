package erasure

import (
	"maps"
	"slices"

	"github.com/gorm-softdelete/softdelete/internal/erasedrow"
	"github.com/gorm-softdelete/softdelete/internal/mark"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room notes which rows an erasure has done.

// recorder notes rows as erased.
type recorder struct {
	*call
	reach    *reach
	deletion mark.DeletionID            // the one that this erasure made
	made     map[policy.Place]creations // of rows that are in event logs only
}

// creations are times of creation by the keys of rows in the log.
type creations map[string]int64

// readGone reads when rows that are in event logs only were made, before their events are masked.
func (x *recorder) readGone(tx statement.Session, fresh []*reachedModel) error {
	for _, m := range fresh {
		if len(m.gone) == 0 {
			continue
		}
		made, err := goneCreations(tx, m.Policy, goneKeys(m.gone))
		if err != nil {
			return x.quiet(tx, err, "reading", m.Policy.Log.Events)
		}
		if x.made == nil {
			x.made = map[policy.Place]creations{}
		}
		if x.made[m.Place] == nil {
			x.made[m.Place] = creations{}
		}
		maps.Copy(x.made[m.Place], made)
	}
	return nil
}

// recordKey is the key of a record.
type recordKey struct{ table, key string }

// record notes the rows of this erasure as erased: those with masked columns, those that it removed, and the subject's.
func (x *recorder) record(tx statement.Session) error {
	at := tx.NowFunc().UTC()
	var list, former []erasedrow.Row
	listed := map[recordKey]bool{}
	add := func(to *[]erasedrow.Row, row erasedrow.Row) {
		if key := (recordKey{row.Table, row.Key}); !listed[key] {
			listed[key] = true
			row.RequestID, row.ErasedAt = x.request.ID, at
			*to = append(*to, row)
		}
	}
	var archived []*reachedModel
	for _, m := range x.reach.rows {
		erased := &reachedModel{Place: m.Place}
		for _, row := range m.rows {
			subject := m.Policy == x.root && slices.ContainsFunc(x.reach.subject[m.Place], func(s erasedrow.ReachedRow) bool { return s.Text == row.Text })
			if m.erased[row.Text] && (m.Policy.Personal.Erases() || subject) {
				erased.rows = append(erased.rows, row)
			}
		}
		if m.Archived {
			archived = append(archived, erased)
		}
		for _, row := range m.gone {
			subject := m.Policy == x.root && x.reach.gone != nil && x.reach.gone.log == row.log
			if made, fresh := x.made[m.Place][row.log]; fresh && m.erased[row.mark()] && (m.Policy.Personal.Erases() || subject) {
				add(&former, erasedrow.Row{Table: m.Policy.Table, Key: row.log, Created: made, Gone: true})
			}
		}
		if m.removes() {
			for _, row := range erased.rows {
				add(&list, erasedrow.Row{Table: m.Table(), Key: row.Text, Created: row.Created, Gone: true})
			}
			continue
		}
		err := statement.Chunks(erased.rows, func(chunk []erasedrow.ReachedRow) error {
			digests, err := erasedrow.Digests(tx, m.Place, chunk)
			if err != nil {
				return err
			}
			if there := m.Policy.DeletedPlace(); m.Place != there && x.deletion != "" {
				rows, err := x.moved(tx, m, chunk)
				if err != nil {
					return err
				}
				moved, err := erasedrow.Digests(tx, there, rows)
				if err != nil {
					return err
				}
				for _, row := range rows {
					digests[erasedrow.FormerText(row)] = moved[row.Text]
					add(&list, erasedrow.Row{Table: there.Table(), Key: row.Text, Created: row.Created, Digest: moved[row.Text]})
				}
			}
			for _, row := range chunk {
				add(&list, erasedrow.Row{Table: m.Table(), Key: row.Text, Created: row.Created, Digest: digests[row.Text]})
			}
			return nil
		})
		if err != nil {
			return x.quiet(tx, err, "reading back", m.Table())
		}
	}
	for _, m := range archived {
		for _, row := range m.rows {
			add(&former, erasedrow.Row{Table: m.Policy.Table, Key: erasedrow.FormerText(row), Created: row.Created, Gone: true})
		}
	}
	if err := x.quietly(tx, erasedrow.Table.Put(tx, list...)); err != nil {
		return err
	}
	return x.quietly(tx, erasedrow.Table.InsertMissing(tx, former...)) // what is known of a row of the model's table says more
}

// quietly is the error of writing the record, without values.
func (x *recorder) quietly(tx statement.Session, err error) error {
	return x.quiet(tx, err, "recording erased rows in", erasedrow.Table.Name())
}

// moved finds the rows of this erasure that the deletion of the subject has moved to an archive.
func (x *recorder) moved(tx statement.Session, m *reachedModel, chunk []erasedrow.ReachedRow) ([]erasedrow.ReachedRow, error) {
	t := m.Policy.DeletedPlace()
	q := erasedrow.SelectRows(tx.Query(), t).Text(" WHERE ").Column(t.Table(), m.Policy.ID.DBName).Text(" = ").Bind(string(x.deletion))
	erasedrow.KeysIn(q.Text(" AND "), m.Place, t.Table(), chunk)
	return erasedrow.ReachedRows(q, t)
}
