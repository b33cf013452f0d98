package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/conformance/upgrade/office"
)

type application struct {
	db     *gorm.DB
	ledger softdelete.ErasureLedger

	mu sync.Mutex // guards at
	at time.Time  // what the clock shows; it goes on with real time where it is zero
}

func (a *application) now() time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.at.IsZero() {
		return time.Now()
	}
	a.at = a.at.Add(time.Millisecond)
	return a.at
}

func (a *application) set(now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.at = now
}

// value is a value of a model of that name.
func value(model string, row json.RawMessage) (any, error) {
	for _, m := range office.Models() {
		if strings.HasSuffix(fmt.Sprintf("%T", m), "."+model) {
			if len(row) == 0 {
				return m, nil
			}
			return m, json.Unmarshal(row, m)
		}
	}
	return nil, fmt.Errorf("no model %q", model)
}

// refusals are the plugin's errors by their names.
var refusals = map[string]error{
	"ErrBlocked": softdelete.ErrBlocked, "ErrNeverDelete": softdelete.ErrNeverDelete, "ErrParentDeleted": softdelete.ErrParentDeleted,
	"ErrRestoreConflict": softdelete.ErrRestoreConflict, "ErrRowDeleted": softdelete.ErrRowDeleted, "ErrHeld": softdelete.ErrHeld,
	"ErrErased": softdelete.ErrErased, "ErrUnsupported": softdelete.ErrUnsupported, "ErrRecordNotFound": gorm.ErrRecordNotFound,
}

func (a *application) answer(call Call) (answer Answer) {
	a.set(call.Now)
	err := a.do(call, &answer)
	if err != nil {
		answer.Error = err.Error()
		for name, refusal := range refusals {
			if errors.Is(err, refusal) {
				answer.Refused = append(answer.Refused, name)
			}
		}
	}
	return answer
}

func (a *application) do(call Call, answer *Answer) error {
	v, err := value(call.Model, call.Row)
	if call.Model == "" {
		err = nil
	}
	if err != nil {
		return err
	}
	give := func(value any, err error) error {
		if err == nil {
			answer.Value, err = json.Marshal(value)
		}
		return err
	}
	statement := func(tx *gorm.DB) error {
		answer.Rows = tx.RowsAffected
		return tx.Error
	}
	report := func(r softdelete.Report, err error) error {
		answer.ID = string(r.DeletionID)
		for _, e := range r.Effects {
			if e.Action != softdelete.ActionKept && e.Action != softdelete.ActionSkipped {
				answer.Rows += e.Rows
			}
		}
		return err
	}
	switch call.Do {
	case "migrate":
		return office.Migrate(a.db)
	case "create":
		return statement(a.db.Create(v))
	case "save":
		return statement(a.db.Save(v))
	case "update":
		return statement(a.db.Model(v).Updates(call.Set))
	case "delete":
		return report(softdelete.Delete(a.db, v))
	case "remove":
		return statement(a.db.Unscoped().Delete(v))
	case "restore":
		return report(softdelete.Restore(a.db, v))
	case "restore deletion":
		return report(softdelete.RestoreDeletion(a.db, softdelete.DeletionID(call.Text)))
	case "take":
		found := a.db.Limit(1).Find(v)
		return errors.Join(statement(found), give(v, nil))
	case "hold":
		id, err := softdelete.Hold(a.db, v, softdelete.HoldOptions{Matter: call.Text})
		answer.ID = string(id)
		return err
	case "release":
		return softdelete.Release(a.db, softdelete.HoldID(call.Text))
	case "erase":
		c, err := softdelete.Erase(a.db, v, softdelete.ErasureRequest{ID: call.Text})
		if err != nil {
			return err
		}
		answer.Rows = c.Number
		return give(c, nil)
	case "replay":
		r, err := softdelete.ReplayErasures(a.db, a.ledger)
		answer.Rows = int64(r.Replayed)
		return errors.Join(err, give(r, nil))
	case "dispatch":
		return softdelete.DispatchErasures(a.db)
	case "purge":
		r, err := softdelete.Purge(a.db, softdelete.PurgeOptions{})
		for _, m := range r.Models {
			answer.Rows += m.Done
		}
		return errors.Join(err, give(r.Models, nil))
	case "thaw":
		answer.Rows, err = softdelete.Thaw(a.db, call.Text)
		return err
	case "rebuild":
		answer.Rows, err = softdelete.Rebuild(a.db, v)
		return err
	case "read":
		reading, err := office.Read(a.db)
		return errors.Join(err, give(reading, nil))
	case "load":
		return a.load(call)
	}
	return fmt.Errorf("no call %q of %v", call.Do, reflect.TypeOf(v))
}
