package restore

import (
	"errors"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete/internal/deletion"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room is for previews, and for the walks over a wide graph: their rows are put into temporary tables, once all that they
// hang on is locked.

// store puts the walks' rows into tables where the graph is wide, and gives what drops these.
func (r *restoration) store(tx statement.Session) (drop func() error, err error) {
	for _, w := range r.walks() {
		drop, err := w.StoreAll(func() *statement.Query { return tx.Query() })
		if err != nil {
			return nil, err
		}
		r.drops = append(r.drops, drop)
	}
	return func() (err error) {
		for _, drop := range r.drops {
			err = errors.Join(err, drop())
		}
		return err
	}, nil
}

// foresee finds what the restore would do, and writes nothing. Of a wide graph it works in a transaction that is undone.
func (r *restoration) foresee(tx *gorm.DB) (report deletion.Report, err error) {
	if !r.graph.Wide {
		tx.Statement.ConnPool = statement.Pinned{ConnPool: tx.Statement.ConnPool}
		if err := r.choose(r.restorer.Session(tx)); err != nil {
			return report, err
		}
		return r.look(r.restorer.Session(tx))
	}
	err = statement.Rehearse(tx, func(tx *gorm.DB) error {
		session := r.restorer.Session(tx)
		if err := r.choose(session); err != nil {
			return err
		}
		if _, err := r.store(session); err != nil {
			return err
		}
		report, err = r.look(session)
		return err
	})
	return report, err
}

func (r *restoration) look(tx statement.Session) (deletion.Report, error) {
	err := r.find(tx)
	effects, failure := r.list(tx)
	if err == nil {
		err = failure
	}
	return r.finished(effects), err
}
