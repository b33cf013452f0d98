package rules_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// ruleDump gives all rows of the models' tables.
func ruleDump(t *testing.T, db *gorm.DB, models ...any) (dump []string) {
	t.Helper()
	for _, model := range models {
		var rows []map[string]any
		stmt := &gorm.Statement{DB: db}
		require.NoError(t, stmt.Parse(model))
		require.NoError(t, db.Raw("SELECT * FROM "+stmt.Quote(stmt.Schema.Table)).Find(&rows).Error)
		for _, row := range rows {
			dump = append(dump, fmt.Sprint(stmt.Schema.Table, row))
		}
	}
	slices.Sort(dump)
	return dump
}

// ruleLive counts the rows that reads of the models return.
func ruleLive(t *testing.T, db *gorm.DB, models ...any) (total int64) {
	t.Helper()
	for _, model := range models {
		var count int64
		require.NoError(t, db.Model(model).Count(&count).Error)
		total += count
	}
	return total
}

// ruleHooks takes the calls of the hooks of ruleTeam and ruleMember, from the context.
type ruleHooks struct {
	calls []string
	fail  string
}

var errRuleHook = errors.New("refused by a hook")

func (h *ruleHooks) call(tx *gorm.DB, event string, id uint, deleted bool) error {
	if h, ok := tx.Statement.Context.Value(ruleHooksKey{}).(*ruleHooks); ok {
		call := fmt.Sprint(event, " ", id, " ", deleted)
		h.calls = append(h.calls, call)
		if call == h.fail {
			return errRuleHook
		}
	}
	return nil
}

type ruleHooksKey struct{}

func (h *ruleHooks) on(db *gorm.DB) *gorm.DB {
	return db.WithContext(context.WithValue(context.Background(), ruleHooksKey{}, h))
}

type ruleOrg struct {
	ID         uint
	Name       string
	DeletedAt  gorm.DeletedAt
	DeletionID softdelete.DeletionID
	Teams      []ruleTeam `gorm:"foreignKey:OrgID" softdelete:"cascade"`
	Badge      *ruleBadge `gorm:"foreignKey:OrgID" softdelete:"cascade"`
	Tags       []ruleTag  `gorm:"many2many:rule_org_tags" softdelete:"cascade"`
	Labels     []ruleTag  `gorm:"many2many:rule_org_labels" softdelete:"keep"`
	Notes      []ruleNote `gorm:"foreignKey:OrgID" softdelete:"keep"`
}

type ruleTeam struct {
	ID         uint
	OrgID      uint
	Name       string
	DeletedAt  gorm.DeletedAt
	DeletionID softdelete.DeletionID
	Members    []ruleMember `gorm:"foreignKey:TeamID" softdelete:"cascade"`
	Notes      []ruleNote   `gorm:"foreignKey:TeamID"`
}

func (r *ruleTeam) BeforeDelete(tx *gorm.DB) error {
	return (*ruleHooks)(nil).call(tx, "before delete "+r.Name, r.ID, r.DeletedAt.Valid)
}

func (r *ruleTeam) AfterDelete(tx *gorm.DB) error {
	return (*ruleHooks)(nil).call(tx, "after delete "+r.Name, r.ID, r.DeletedAt.Valid && r.DeletionID != "")
}

func (r *ruleTeam) BeforeRestore(tx *gorm.DB) error {
	return (*ruleHooks)(nil).call(tx, "before restore "+r.Name, r.ID, r.DeletedAt.Valid)
}

func (r *ruleTeam) AfterRestore(tx *gorm.DB) error {
	return (*ruleHooks)(nil).call(tx, "after restore "+r.Name, r.ID, r.DeletedAt.Valid)
}

type ruleMember struct {
	ID        uint
	TeamID    uint
	DeletedAt gorm.DeletedAt
}

func (r *ruleMember) BeforeDelete(tx *gorm.DB) error {
	return (*ruleHooks)(nil).call(tx, "before delete", r.ID, r.DeletedAt.Valid)
}

func (r *ruleMember) AfterDelete(tx *gorm.DB) error {
	return (*ruleHooks)(nil).call(tx, "after delete", r.ID, r.DeletedAt.Valid)
}

type ruleBadge struct {
	ID, OrgID uint
	DeletedAt gorm.DeletedAt
}

type ruleTag struct {
	ID        uint
	DeletedAt gorm.DeletedAt
}

type ruleNote struct {
	ID            uint
	OrgID, TeamID *uint
	DeletedAt     gorm.DeletedAt
}

type ruleOrgTag struct {
	RuleOrgID  uint `gorm:"primaryKey"`
	RuleTagID  uint `gorm:"primaryKey"`
	DeletedAt  gorm.DeletedAt
	DeletionID softdelete.DeletionID
}

var ruleOrgModels = []any{&ruleOrg{}, &ruleTeam{}, &ruleMember{}, &ruleBadge{}, &ruleTag{}, &ruleNote{}, &ruleOrgTag{}}

// ruleFixture has two organizations: 1 with two teams of two members, a badge, two tags and two notes, 2 with one of each.
// Only the notes have no parent that a foreign key binds.
func ruleFixture(t *testing.T, database *testdb.Database, config softdelete.Config) *gorm.DB {
	t.Helper()
	db := database.Open(t)
	require.NoError(t, db.SetupJoinTable(&ruleOrg{}, "Tags", &ruleOrgTag{}))
	config.Models, config.Ledger = ruleOrgModels, true
	require.NoError(t, db.Use(softdelete.New(config)))
	require.NoError(t, db.AutoMigrate(append(softdelete.Tables(), ruleOrgModels...)...))
	for _, table := range []string{
		"softdelete_deletions", "rule_notes", "rule_org_labels", "rule_org_tags", "rule_badges", "rule_members", "rule_teams", "rule_orgs", "rule_tags",
	} {
		require.NoError(t, db.Exec("DELETE FROM "+table).Error)
	}
	id := rulePtr[uint]
	for _, rows := range []any{
		&[]ruleTag{{ID: 1}, {ID: 2}},
		&[]ruleOrg{{ID: 1}, {ID: 2}},
		&[]ruleTeam{{ID: 1, OrgID: 1, Name: "a"}, {ID: 2, OrgID: 1, Name: "b"}, {ID: 3, OrgID: 2}},
		&[]ruleMember{{ID: 1, TeamID: 1}, {ID: 2, TeamID: 1}, {ID: 3, TeamID: 2}, {ID: 4, TeamID: 2}, {ID: 5, TeamID: 3}},
		&[]ruleBadge{{ID: 1, OrgID: 1}, {ID: 2, OrgID: 2}},
		&[]ruleOrgTag{{RuleOrgID: 1, RuleTagID: 1}, {RuleOrgID: 1, RuleTagID: 2}, {RuleOrgID: 2, RuleTagID: 1}},
		&[]ruleNote{{ID: 1, OrgID: id(1)}, {ID: 2, TeamID: id(1)}, {ID: 3, OrgID: id(2)}},
	} {
		require.NoError(t, db.Create(rows).Error)
	}
	return db
}

func TestRuleCascadeAndKeep(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		effects := []softdelete.Effect{
			{Table: "rule_orgs", Action: softdelete.ActionDeleted, Rows: 1},
			{Table: "rule_badges", Relation: "Badge", Parent: "rule_orgs", Action: softdelete.ActionDeleted, Rows: 1},
			{Table: "rule_org_tags", Relation: "Tags", Parent: "rule_orgs", Action: softdelete.ActionDeleted, Rows: 2},
			{Table: "rule_teams", Relation: "Teams", Parent: "rule_orgs", Action: softdelete.ActionDeleted, Rows: 2},
			{Table: "rule_notes", Relation: "Notes", Parent: "rule_orgs", Action: softdelete.ActionKept, Rows: 1},
			{Table: "rule_members", Relation: "Members", Parent: "rule_teams", Action: softdelete.ActionDeleted, Rows: 4},
			{Table: "rule_notes", Relation: "Notes", Parent: "rule_teams", Action: softdelete.ActionKept, Rows: 1},
		}
		t.Run("a deletion takes what cascades, keeps what is kept, and reports the root first, then by depth", func(t *testing.T) {
			db := ruleFixture(t, database, softdelete.Config{})
			before := ruleDump(t, db, append(softdelete.Tables(), ruleOrgModels...)...)
			preview, err := softdelete.Preview(db, &ruleOrg{ID: 1})
			require.NoError(t, err)
			require.Equal(t, before, ruleDump(t, db, append(softdelete.Tables(), ruleOrgModels...)...))
			report, err := softdelete.Delete(db, &ruleOrg{ID: 1})
			require.NoError(t, err)
			fixture.Foresaw(t, preview.Effects, report.Effects)
			require.ElementsMatch(t, effects, report.Effects)
			require.Equal(t, effects[0], report.Effects[0])
			require.ElementsMatch(t, effects[5:], report.Effects[5:])
			for model, live := range map[any]int64{
				&ruleOrg{}: 1, &ruleTeam{}: 1, &ruleMember{}: 1, &ruleBadge{}: 1, &ruleOrgTag{}: 1, &ruleTag{}: 2, &ruleNote{}: 3,
			} {
				require.Equal(t, live, ruleLive(t, db, model), "%T", model)
			}
			var marks []softdelete.DeletionID
			require.NoError(t, db.Unscoped().Model(&ruleTeam{}).Where("org_id = 1").Pluck("deletion_id", &marks).Error)
			require.Equal(t, []softdelete.DeletionID{report.DeletionID, report.DeletionID}, marks)
			require.NoError(t, db.Unscoped().Model(&ruleOrgTag{}).Where("rule_org_id = 1").Pluck("deletion_id", &marks).Error)
			require.Equal(t, []softdelete.DeletionID{report.DeletionID, report.DeletionID}, marks)

			var entry softdelete.Deletion
			require.NoError(t, db.First(&entry, "id = ?", report.DeletionID).Error)
			require.EqualValues(t, 10, entry.Rows)
		})

		t.Run("a row deleted earlier keeps its mark, and what it took stays its own", func(t *testing.T) {
			db := ruleFixture(t, database, softdelete.Config{})
			first, err := softdelete.Delete(db, &ruleTeam{ID: 1})
			require.NoError(t, err)
			var earlier, later ruleTeam
			require.NoError(t, db.Unscoped().First(&earlier, 1).Error)
			second, err := softdelete.Delete(db, &ruleOrg{ID: 1})
			require.NoError(t, err)
			require.NotEqual(t, first.DeletionID, second.DeletionID)
			require.NoError(t, db.Unscoped().First(&later, 1).Error)
			require.Equal(t, earlier, later)
			result := db.Delete(&ruleOrg{ID: 1})
			require.NoError(t, result.Error)
			require.Zero(t, result.RowsAffected)
			_, err = softdelete.Restore(db, &ruleOrg{ID: 1})
			require.NoError(t, err)
			require.ErrorIs(t, db.First(&ruleTeam{}, 1).Error, gorm.ErrRecordNotFound)
			require.NoError(t, db.First(&ruleTeam{}, 2).Error)
		})

		t.Run("Unscoped removes cascade children, live or deleted, and no linked row", func(t *testing.T) {
			db := ruleFixture(t, database, softdelete.Config{})
			require.NoError(t, db.Where("org_id = 1 OR team_id = 1").Unscoped().Delete(&ruleNote{}).Error)
			require.NoError(t, db.Delete(&ruleTeam{ID: 1}).Error)
			require.NoError(t, db.Delete(&ruleMember{ID: 3}).Error)
			preview, err := softdelete.Preview(db.Unscoped(), &ruleOrg{ID: 1})
			require.NoError(t, err)
			report, err := softdelete.Delete(db.Unscoped(), &ruleOrg{ID: 1})
			require.NoError(t, err)
			fixture.Foresaw(t, preview.Effects, report.Effects)
			for model, left := range map[any]int64{
				&ruleOrg{}: 1, &ruleTeam{}: 1, &ruleMember{}: 1, &ruleBadge{}: 1, &ruleOrgTag{}: 1, &ruleTag{}: 2, &ruleNote{}: 1,
			} {
				require.Equal(t, left, ruleLive(t, db.Unscoped(), model), "%T", model)
			}
		})
	})
}

func TestRuleHooksOfCascadedModels(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		t.Run("run with the loaded row, AfterDelete with its mark", func(t *testing.T) {
			db, hooks := ruleFixture(t, database, softdelete.Config{}), &ruleHooks{}
			require.NoError(t, hooks.on(db).Delete(&ruleOrg{ID: 1}).Error)
			require.ElementsMatch(t, []string{
				"before delete a 1 false", "before delete b 2 false", "after delete a 1 true", "after delete b 2 true",
				"before delete 1 false", "before delete 2 false", "before delete 3 false", "before delete 4 false",
				"after delete 1 true", "after delete 2 true", "after delete 3 true", "after delete 4 true",
			}, hooks.calls)
			hooks.calls = nil
			_, err := softdelete.Restore(hooks.on(db), &ruleOrg{ID: 1})
			require.NoError(t, err)
			require.ElementsMatch(t, []string{
				"before restore a 1 true", "before restore b 2 true", "after restore a 1 false", "after restore b 2 false",
			}, hooks.calls)
			hooks.calls = nil
			require.NoError(t, hooks.on(db).Session(&gorm.Session{SkipHooks: true}).Delete(&ruleOrg{ID: 1}).Error)
			require.Empty(t, hooks.calls)
		})

		t.Run("run for every one of more than 500 rows", func(t *testing.T) {
			db, hooks := ruleFixture(t, database, softdelete.Config{}), &ruleHooks{}
			members := make([]ruleMember, 1201)
			for i := range members {
				members[i] = ruleMember{ID: uint(100 + i), TeamID: 3}
			}
			require.NoError(t, db.CreateInBatches(members, 500).Error)
			require.NoError(t, hooks.on(db).Delete(&ruleOrg{ID: 2}).Error)
			seen := map[string]bool{}
			for _, call := range hooks.calls {
				require.False(t, seen[call], call)
				seen[call] = true
			}
			require.Len(t, seen, 2*(1202+1))
			require.True(t, seen["after delete 1300 true"])
		})

		for _, fail := range []string{"before delete b 2 false", "before delete 4 false", "after delete b 2 true", "after delete 4 true"} {
			t.Run("an error undoes all: "+fail, func(t *testing.T) {
				db := ruleFixture(t, database, softdelete.Config{})
				before, org := ruleDump(t, db, ruleOrgModels...), ruleOrg{ID: 1}
				require.ErrorIs(t, (&ruleHooks{fail: fail}).on(db).Delete(&org).Error, errRuleHook)
				require.Equal(t, before, ruleDump(t, db, ruleOrgModels...))
				require.Equal(t, ruleOrg{ID: 1}, org)
				require.Zero(t, ruleLive(t, db, &softdelete.Deletion{}))
			})
		}
		for _, fail := range []string{"before restore b 2 true", "after restore b 2 false"} {
			t.Run("an error undoes all: "+fail, func(t *testing.T) {
				db := ruleFixture(t, database, softdelete.Config{})
				require.NoError(t, db.Delete(&ruleOrg{ID: 1}).Error)
				models := append(softdelete.Tables(), ruleOrgModels...)
				before, org := ruleDump(t, db, models...), ruleOrg{ID: 1}
				_, err := softdelete.Restore((&ruleHooks{fail: fail}).on(db), &org)
				require.ErrorIs(t, err, errRuleHook)
				require.Equal(t, before, ruleDump(t, db, models...))
				require.Equal(t, ruleOrg{ID: 1}, org)
			})
		}
	})
}

func TestRuleLedgerAndBounds(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		t.Run("a ledger row holds key, rows, actor and reason, and stays after the restore", func(t *testing.T) {
			db := ruleFixture(t, database, softdelete.Config{})
			ctx := softdelete.WithReason(softdelete.WithActor(context.Background(), "clerk"), "left")
			report, err := softdelete.Delete(db.WithContext(ctx), &ruleOrg{ID: 1})
			require.NoError(t, err)
			entry := softdelete.Deletion{}
			require.NoError(t, db.First(&entry).Error)
			require.WithinDuration(t, report.At, entry.DeletedAt, time.Microsecond)
			entry.DeletedAt = time.Time{}
			require.Equal(t, softdelete.Deletion{
				ID: report.DeletionID, Table: "rule_orgs", Key: "1", Rows: 10, Actor: "clerk", Reason: "left",
			}, entry)
			_, err = softdelete.Restore(db, &ruleOrg{ID: 1})
			require.NoError(t, err)
			require.NoError(t, db.First(&entry).Error)
			require.NotNil(t, entry.RestoredAt)
		})

		t.Run("several roots leave no key, a composite key is joined, none leaves no ledger row", func(t *testing.T) {
			db := ruleFixture(t, database, softdelete.Config{})
			require.NoError(t, db.Delete(&ruleBadge{}, "id > ?", 10).Error)
			require.NoError(t, db.Delete(&ruleOrg{ID: 77}).Error)
			require.Zero(t, ruleLive(t, db, &softdelete.Deletion{}))
			require.NoError(t, db.Delete(&ruleMember{}, []int{1, 2}).Error)
			require.NoError(t, db.Delete(&ruleOrgTag{RuleOrgID: 2, RuleTagID: 1}).Error)
			var keys []string
			require.NoError(t, db.Model(&softdelete.Deletion{}).Order("deleted_at, id").Pluck("key", &keys).Error)
			require.Equal(t, []string{"", "2,1"}, keys)
		})

		t.Run("MaxRows bounds deletions and restores", func(t *testing.T) {
			exact := ruleFixture(t, database, softdelete.Config{MaxRows: 10})
			require.NoError(t, exact.Delete(&ruleOrg{ID: 1}).Error)
			low := database.Open(t)
			require.NoError(t, low.SetupJoinTable(&ruleOrg{}, "Tags", &ruleOrgTag{}))
			require.NoError(t, low.Use(softdelete.New(softdelete.Config{Models: ruleOrgModels, MaxRows: 9})))
			before := ruleDump(t, low, ruleOrgModels...)
			_, err := softdelete.Restore(low, &ruleOrg{ID: 1})
			require.ErrorIs(t, err, softdelete.ErrTooManyRows)
			require.Equal(t, before, ruleDump(t, low, ruleOrgModels...))
			_, err = softdelete.Restore(exact, &ruleOrg{ID: 1})
			require.NoError(t, err)

			before = ruleDump(t, low, ruleOrgModels...)
			preview, err := softdelete.Preview(low, &ruleOrg{ID: 1})
			require.NoError(t, err)
			require.NotEmpty(t, preview.Blockers)
			for _, session := range []*gorm.DB{low, low.Unscoped()} {
				require.ErrorIs(t, session.Delete(&ruleOrg{ID: 1}).Error, softdelete.ErrTooManyRows)
				require.Equal(t, before, ruleDump(t, low, ruleOrgModels...))
			}
			require.NoError(t, low.Delete(&ruleOrg{ID: 2}).Error)
		})
	})
}
