package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/conformance/upgrade/office"
)

// The clients that a load works with, and how much of it there is.
const (
	loadFirst, loadClients = 1000, 6
	loadWorkers, loadSteps = 2, 60
)

// load does by chance what an application does, in several goroutines. It returns what nobody expects.
func (a *application) load(call Call) error {
	var wait sync.WaitGroup
	errs := make([]error, loadWorkers)
	for worker := range loadWorkers {
		wait.Go(func() {
			random := rand.New(rand.NewPCG(call.Seed, uint64(worker)))
			for range loadSteps {
				if what, err := a.step(random); err != nil && !expected(err) {
					errs[worker] = errors.Join(errs[worker], fmt.Errorf("%s: %w", what, err))
				}
			}
		})
	}
	wait.Wait()
	return errors.Join(errs...)
}

// expected tells whether an error is one that others' work gives.
func expected(err error) bool {
	for _, refusal := range refusals {
		if errors.Is(err, refusal) && !errors.Is(err, softdelete.ErrUnsupported) {
			return true
		}
	}
	return errors.Is(err, gorm.ErrDuplicatedKey)
}

func (a *application) step(random *rand.Rand) (what string, err error) {
	id := uint(loadFirst + random.IntN(loadClients))
	db := a.db
	switch random.IntN(9) {
	case 0, 1:
		return "delete a client", db.Delete(&office.Client{ID: id}).Error
	case 2, 3:
		_, err = softdelete.Restore(db, &office.Client{ID: id})
		return "restore a client", err
	case 4:
		return "update a client", db.Model(&office.Client{ID: id}).Update("balance", gorm.Expr("balance + 1")).Error
	case 5:
		return "delete a bill", db.Delete(&office.Bill{ID: id}).Error
	case 6:
		_, err = softdelete.Restore(db, &office.Bill{ID: id})
		if errors.Is(err, softdelete.ErrUnsupported) && strings.Contains(err.Error(), "archive_id") {
			err = nil // a release that does not know the numbers of archived rows restores none
		}
		return "restore a bill", err
	case 7:
		return "delete a matter", db.Delete(&office.Matter{ID: id * 10}).Error
	default:
		_, err = softdelete.Restore(db, &office.Matter{ID: id * 10})
		return "restore a matter", err
	}
}
