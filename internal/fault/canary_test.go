package fault_test

import (
	"errors"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// Every error of the plugin, provoked on rows that have a canary in every column but their keys.

const canary = "c4n4ry"

type (
	canaryOwner struct {
		ID        uint
		Name      string        `pii:"fixed:erased"`
		Email     string        `gorm:"uniqueIndex" pii:"template:erased-{id}"`
		Nick      string        `gorm:"uniqueIndex" softdelete:"full" pii:"template:nick-{id}"`
		Blocks    []canaryBlock `gorm:"foreignKey:OwnerID" softdelete:"block"`
		Seals     []canarySeal  `gorm:"foreignKey:OwnerID" softdelete:"cascade"`
		Items     []canaryItem  `gorm:"foreignKey:OwnerID" softdelete:"cascade"`
		DeletedAt gorm.DeletedAt
	}
	canaryBlock struct {
		ID, OwnerID uint
		Text        string `pii:"fixed:erased"`
		DeletedAt   gorm.DeletedAt
	}
	canarySeal struct {
		_           struct{} `softdelete:"never"`
		ID, OwnerID uint
		Text        string `pii:"fixed:erased"`
	}
	canaryItem struct {
		ID        uint
		OwnerID   *uint
		Owner     *canaryOwner `gorm:"foreignKey:OwnerID" softdelete:"guard"`
		Text      string       `pii:"fixed:erased"`
		DeletedAt gorm.DeletedAt
	}
	canaryPaper struct {
		_    struct{} `softdelete:"archive"`
		ID   uint
		Code string `gorm:"uniqueIndex"`
		Text string
	}
	canaryTicket struct {
		_    struct{} `softdelete:"events"`
		ID   uint
		Text string
	}
	canaryWrong struct {
		ID        uint
		Text      string         `softdelete:"retian:1d"`
		DeletedAt gorm.DeletedAt `softdelete:"timestamp"`
	}
)

// errAny stands for an error that is none of the API's.
var errAny = errors.New("any")

// canaryCase is one error: what it is, and what its text names.
type canaryCase struct {
	is    error
	as    any // a pointer to the type that is documented
	names []string
	last  bool // it changes a table, which some databases do not undo
	call  func(db *gorm.DB) error
}

func reports(call func(db *gorm.DB, value any) (softdelete.Report, error), value any) func(db *gorm.DB) error {
	return func(db *gorm.DB) error { _, err := call(db, value); return err }
}

func canaryCases() map[string]canaryCase {
	row := func(id uint) *canaryOwner {
		return &canaryOwner{ID: id, Name: canary, Email: canary + "@x", Nick: canary}
	}
	var (
		blocked  *softdelete.BlockedError
		parent   *softdelete.ParentDeletedError
		conflict *softdelete.ConflictError
		held     *softdelete.HeldError
		erased   *softdelete.ErasedError
	)
	owner := func(id uint) *uint { return &id }
	return map[string]canaryCase{
		"a tag": {is: softdelete.ErrPolicy, names: []string{"canaryWrong.Text", "retian", "retain"}, call: func(db *gorm.DB) error {
			return db.Create(&canaryWrong{Text: canary}).Error
		}},
		"a block rule": {is: softdelete.ErrBlocked, as: &blocked, names: []string{"canary_blocks", "Blocks", "1", "delete or re-point"}, call: func(db *gorm.DB) error {
			return db.Delete(&canaryOwner{ID: 1}).Error
		}},
		"a foreign key": {is: softdelete.ErrBlocked, as: &blocked, names: []string{"raw_papers", "paper_id", "keys 1", "delete or re-point"}, call: func(db *gorm.DB) error {
			return db.Delete(&canaryPaper{ID: 1}).Error
		}},
		"never": {is: softdelete.ErrNeverDelete, names: []string{"canarySeal", "canary_seals", "keep"}, call: func(db *gorm.DB) error {
			return db.Delete(&canarySeal{ID: 1}).Error
		}},
		"never, by a cascade": {is: softdelete.ErrNeverDelete, names: []string{"canarySeal", "canary_seals", "key 2", "keep"}, call: func(db *gorm.DB) error {
			return db.Delete(&canaryOwner{ID: 2}).Error
		}},
		"a create under a deleted parent": {is: softdelete.ErrParentDeleted, as: &parent, names: []string{"canaryItem.Owner", "key 3", "canary_owners", "restore it first"}, call: func(db *gorm.DB) error {
			return db.Create(&canaryItem{OwnerID: owner(3), Text: canary}).Error
		}},
		"an update to a deleted parent": {is: softdelete.ErrParentDeleted, as: &parent, names: []string{"canaryItem.Owner", "key 3", "canary_owners", "restore it first"}, call: func(db *gorm.DB) error {
			return db.Model(&canaryItem{ID: 1}).Updates(map[string]any{"owner_id": 3, "text": canary}).Error
		}},
		"a restore under a deleted parent":           {is: softdelete.ErrParentDeleted, as: &parent, names: []string{"canary_owners", "3", "by relation", "restore"}, call: reports(softdelete.Restore, &canaryItem{ID: 3})},
		"a restore of a taken value":                 {is: softdelete.ErrRestoreConflict, as: &conflict, names: []string{"idx_canary_owners_email", "email", "key", "change or delete"}, call: reports(softdelete.Restore, &canaryOwner{ID: 4})},
		"a restore of an archived row's taken value": {is: softdelete.ErrRestoreConflict, as: &conflict, names: []string{"idx_canary_papers_code", "code", "change or delete"}, call: reports(softdelete.Restore, &canaryPaper{ID: 4})},
		"an index over duplicates": {is: softdelete.ErrRestoreConflict, as: &conflict, names: []string{"idx_canary_owners_email", "email", "1, 2"}, last: true, call: func(db *gorm.DB) error {
			if err := db.Migrator().DropIndex(&canaryOwner{}, "idx_canary_owners_email"); err != nil {
				return err
			}
			if err := db.Exec("UPDATE canary_owners SET email = '" + canary + "' WHERE id IN (1, 2)").Error; err != nil {
				return err
			}
			return db.AutoMigrate(&canaryOwner{})
		}},
		"a stale Save": {is: softdelete.ErrRowDeleted, names: []string{"key 3", "canary_owners", "restore it"}, call: func(db *gorm.DB) error { return db.Save(row(3)).Error }},
		"a Create over a deleted row's value": {is: softdelete.ErrRowDeleted, names: []string{"idx_canary_owners_nick", "nick", "key 3", "canary_owners", "restore it"}, call: func(db *gorm.DB) error {
			return db.Create(&canaryOwner{ID: 99, Email: canary + "new", Nick: canary + "3"}).Error
		}},
		"a Create over a deleted row's key": {is: softdelete.ErrRowDeleted, names: []string{"PRIMARY KEY", "key 3", "canary_owners", "restore it"}, call: func(db *gorm.DB) error {
			return db.Create(&canaryOwner{ID: 3, Email: canary + "new", Nick: canary + "new"}).Error
		}},
		"a stale Save of an archived row": {is: softdelete.ErrRowDeleted, names: []string{"key 3", "canary_papers", "restore it"}, call: func(db *gorm.DB) error {
			return db.Save(&canaryPaper{ID: 3, Code: canary, Text: canary}).Error
		}},
		"an update to a deleted row's value": {is: softdelete.ErrRowDeleted, names: []string{"idx_canary_owners_nick", "nick", "key 3", "canary_owners", "restore it"}, call: func(db *gorm.DB) error {
			return db.Model(&canaryOwner{ID: 6}).Update("nick", canary+"3").Error
		}},
		"an upsert over a deleted row": {is: softdelete.ErrRowDeleted, names: []string{"key 3", "canary_owners", "restore it"}, call: func(db *gorm.DB) error {
			return db.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "nick"}}, DoUpdates: clause.AssignmentColumns([]string{"name"})}).
				Create(&canaryOwner{ID: 99, Email: canary + "new", Nick: canary + "3", Name: canary}).Error
		}},
		"too many rows": {is: softdelete.ErrTooManyRows, names: []string{"canary_items", "Config.MaxRows", "narrow the condition"}, call: func(db *gorm.DB) error {
			return db.Where("text LIKE ?", canary+"%").Delete(&canaryItem{}).Error
		}},
		"a restore of too many rows": {is: softdelete.ErrTooManyRows, names: []string{"canary_blocks", "Config.MaxRows", "narrow the condition"}, call: reports(func(db *gorm.DB, value any) (softdelete.Report, error) {
			return softdelete.Restore(db.Where("text LIKE ?", canary+"%"), value)
		}, &canaryBlock{})},
		"a hold": {is: softdelete.ErrHeld, as: &held, names: []string{"canary_items", "hold-", "case 7", "release it"}, call: func(db *gorm.DB) error {
			return db.Unscoped().Delete(&canaryItem{ID: 2}).Error
		}},
		"an erased row's update": {is: softdelete.ErrErased, as: &erased, names: []string{"canary_owners", "key 5"}, call: func(db *gorm.DB) error {
			return db.Unscoped().Model(&canaryOwner{ID: 5}).Update("name", canary).Error
		}},
		"an erased row's restore": {is: softdelete.ErrErased, as: &erased, names: []string{"canary_owners", "5"}, call: reports(softdelete.Restore, &canaryOwner{ID: 5})},
		"an erasure request": {is: softdelete.ErrRequest, names: []string{"17.1.a"}, call: func(db *gorm.DB) error {
			_, err := softdelete.Erase(db, &canaryOwner{ID: 6}, softdelete.ErasureRequest{Ground: canary})
			return err
		}},
		"another subject's request": {is: softdelete.ErrRequest, names: []string{"canary_owners", "key 5", "ID of its own"}, call: func(db *gorm.DB) error {
			_, err := softdelete.Erase(db, &canaryOwner{ID: 6}, softdelete.ErasureRequest{ID: "of-five"})
			return err
		}},
		"an upsert of an erased row": {is: softdelete.ErrErased, as: &erased, names: []string{"canary_owners", "key 5"}, call: func(db *gorm.DB) error {
			return db.Clauses(clause.OnConflict{UpdateAll: true}).Create(row(5)).Error
		}},
		"a time before the log": {is: softdelete.ErrNoHistory, names: []string{"canaryTicket", "canary_tickets", "AutoMigrate"}, call: func(db *gorm.DB) error {
			if err := db.Exec("UPDATE canary_tickets_events SET type = 'baseline'").Error; err != nil {
				return err
			}
			return softdelete.AsOf(db, &canaryTicket{ID: 1}, time.Now().AddDate(-1, 0, 0))
		}},
		"an event that cannot be read": {is: errAny, names: []string{"canary_tickets"}, call: func(db *gorm.DB) error {
			if err := db.Exec(`UPDATE canary_tickets_events SET data = '{"id": "` + canary + `", "text": "` + canary + `"}'`).Error; err != nil {
				return err
			}
			return softdelete.AsOf(db, &canaryTicket{ID: 1}, time.Now().AddDate(1, 0, 0))
		}},
		"an erasure of nobody": {is: gorm.ErrRecordNotFound, names: []string{"canary_owners", "999"}, call: func(db *gorm.DB) error {
			_, err := softdelete.Erase(db, &canaryOwner{ID: 999, Name: canary}, softdelete.ErasureRequest{})
			return err
		}},
		"another tenant's row": {is: gorm.ErrRecordNotFound, names: []string{"canary_owners", "key 6", "conditions of the session"}, call: func(db *gorm.DB) error {
			_, err := softdelete.Hold(db.Where("name = ?", canary+"nobody"), &canaryOwner{ID: 6, Name: canary}, softdelete.HoldOptions{})
			return err
		}},
		"what a strategy cannot":   {is: softdelete.ErrUnsupported, names: []string{"canaryTicket"}, call: reports(softdelete.Restore, &canaryTicket{ID: 1, Text: canary})},
		"a call without condition": {is: gorm.ErrMissingWhereClause, call: reports(softdelete.Restore, &canaryOwner{Name: canary})},
	}
}

func newCanary(t *testing.T, database *testdb.Database) *gorm.DB {
	t.Helper()
	models := []any{&canaryOwner{}, &canaryBlock{}, &canarySeal{}, &canaryItem{}, &canaryPaper{}, &canaryTicket{}}
	db := fixture.Open(t, database, softdelete.Config{Models: models, Holds: true, MaxRows: 3})
	n := uint(0)
	add := func(rows ...any) {
		for _, value := range rows {
			require.NoError(t, db.Create(value).Error)
		}
	}
	for n < 6 {
		n++
		id := string(rune('0' + n))
		owner := n
		add(&canaryOwner{ID: n, Name: canary + id, Email: canary + id, Nick: canary + id}, &canaryPaper{ID: n, Code: canary + id, Text: canary},
			&canaryItem{ID: n, OwnerID: &owner, Text: canary})
	}
	six := uint(6)
	add(&canaryItem{ID: 7, OwnerID: &six, Text: canary}, &canaryItem{ID: 8, OwnerID: &six, Text: canary}, &canaryBlock{ID: 1, OwnerID: 1, Text: canary}, &canarySeal{ID: 1, OwnerID: 6, Text: canary}, &canarySeal{ID: 2, OwnerID: 2, Text: canary}, &canaryTicket{ID: 1, Text: canary})
	fixture.Exec(t, db, "CREATE TABLE raw_papers (id integer PRIMARY KEY, note text, paper_id "+fixture.KeyType(db)+", CONSTRAINT fk_paper_id FOREIGN KEY (paper_id) REFERENCES canary_papers(id))",
		"INSERT INTO raw_papers VALUES (1, '"+canary+"', 1)")
	for id := uint(11); id <= 14; id++ {
		add(&canaryBlock{ID: id, OwnerID: 6, Text: canary})
		require.NoError(t, db.Delete(&canaryBlock{ID: id}).Error)
	}
	for _, value := range []any{&canaryOwner{ID: 3}, &canaryOwner{ID: 4}, &canaryPaper{ID: 3}, &canaryPaper{ID: 4}} {
		require.NoError(t, db.Delete(value).Error)
	}
	add(&canaryOwner{ID: 44, Name: canary, Email: canary + "4", Nick: canary + "44"}, &canaryPaper{ID: 44, Code: canary + "4", Text: canary})
	_, err := softdelete.Hold(db, &canaryItem{ID: 2}, softdelete.HoldOptions{Matter: "case 7", PlacedBy: canary})
	require.NoError(t, err)
	_, err = softdelete.Erase(db, &canaryOwner{ID: 5}, softdelete.ErasureRequest{ID: "of-five", ReceivedAt: time.Now()})
	require.NoError(t, err)
	return db
}

func TestNoErrorQuotesAValueAndEachSaysWhatItIsAbout(t *testing.T) {
	testdb.ExpectParseErrors(t)
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := newCanary(t, database)
		cases := canaryCases()
		names := slices.Collect(maps.Keys(cases))
		slices.SortFunc(names, func(one, _ string) int { return map[bool]int{true: 1, false: -1}[cases[one].last] })
		for _, name := range names {
			c := cases[name]
			t.Run(name, func(t *testing.T) {
				tx := db.Begin()
				defer tx.Rollback()
				err := c.call(tx)
				require.Error(t, err)
				if c.is != errAny {
					require.ErrorIs(t, err, c.is)
				}
				if c.as != nil {
					require.ErrorAs(t, err, c.as)
				}
				require.NotContains(t, err.Error(), canary)
				for _, part := range c.names {
					require.ErrorContains(t, err, part)
				}
			})
		}
	})
}

func TestEveryErrorOfThePublicAPIIsProvoked(t *testing.T) {
	provoked := []error{softdelete.ErrNotRegistered /* no row is about */}
	for _, c := range canaryCases() {
		provoked = append(provoked, c.is)
	}
	text, err := os.ReadFile("../../docs/errors.md")
	require.NoError(t, err)
	page := string(text)
	for _, found := range regexp.MustCompile("(?m)^\\| `(Err\\w+)` \\|").FindAllStringSubmatch(page, -1) {
		known, ok := sentinels[found[1]]
		require.True(t, ok, "%s is an error of the API", found[1])
		require.Contains(t, provoked, known, "%s is provoked with canaries", found[1])
		delete(sentinels, found[1])
	}
	require.Empty(t, sentinels, "the page lists them all")
	require.NotContains(t, strings.ToLower(page), canary)
}

// sentinels are the errors of the API by their names.
var sentinels = map[string]error{
	"ErrPolicy": softdelete.ErrPolicy, "ErrBlocked": softdelete.ErrBlocked, "ErrNeverDelete": softdelete.ErrNeverDelete, "ErrParentDeleted": softdelete.ErrParentDeleted,
	"ErrRestoreConflict": softdelete.ErrRestoreConflict, "ErrRowDeleted": softdelete.ErrRowDeleted, "ErrTooManyRows": softdelete.ErrTooManyRows, "ErrHeld": softdelete.ErrHeld,
	"ErrErased": softdelete.ErrErased, "ErrNotRegistered": softdelete.ErrNotRegistered, "ErrUnsupported": softdelete.ErrUnsupported,
	"ErrNoHistory": softdelete.ErrNoHistory, "ErrRequest": softdelete.ErrRequest,
}
