package gorm_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

var errHook = errors.New("refused by a hook")

// hooked is a context whose deletions call a hook.
func hooked(ctx context.Context, hook contractHook) context.Context {
	return context.WithValue(ctx, contractHookKey{}, hook)
}

// contractCalls lists the hooks that a call runs, with the names of the rows that they run on.
func contractCalls(db *gorm.DB, call func(db *gorm.DB) error) (calls []string, err error) {
	err = call(db.WithContext(hooked(db.Statement.Context, func(_ *gorm.DB, hook string, row any) error {
		switch row := row.(type) {
		case *contractTeam:
			calls = append(calls, fmt.Sprintf("%s team %q", hook, row.Name))
		case *contractMember:
			calls = append(calls, fmt.Sprintf("%s member %q", hook, row.Name))
		}
		return nil
	})))
	return calls, err
}

func TestHooksOfADeletion(t *testing.T) {
	cases := []struct {
		name string
		call func(db *gorm.DB) error
		want []string
	}{
		{
			"run on the value that the caller passes, and on the loaded rows under it",
			func(db *gorm.DB) error { return db.Delete(&contractTeam{ID: 1, Name: "passed"}).Error },
			[]string{
				`BeforeDelete team "passed"`, `BeforeDelete member "a"`, `BeforeDelete member "b"`,
				`AfterDelete member "a"`, `AfterDelete member "b"`, `AfterDelete team "passed"`,
			},
		},
		{
			"run on every element of a slice",
			func(db *gorm.DB) error {
				return db.Delete(&[]*contractTeam{{ID: 2, Name: "p"}, {ID: 3, Name: "q"}}).Error
			},
			[]string{
				`BeforeDelete team "p"`, `BeforeDelete team "q"`, `BeforeDelete member "c"`,
				`AfterDelete member "c"`, `AfterDelete team "p"`, `AfterDelete team "q"`,
			},
		},
		{
			"run on the zero value for a deletion by condition, once",
			func(db *gorm.DB) error { return db.Delete(&contractTeam{}, "id < 3").Error },
			[]string{
				`BeforeDelete team ""`, `BeforeDelete member "a"`, `BeforeDelete member "b"`, `BeforeDelete member "c"`,
				`AfterDelete member "a"`, `AfterDelete member "b"`, `AfterDelete member "c"`, `AfterDelete team ""`,
			},
		},
		{
			"run on the value of Dest, not of Model",
			func(db *gorm.DB) error {
				return db.Model(&contractTeam{ID: 3, Name: "model"}).Delete(&contractTeam{Name: "dest"}).Error
			},
			[]string{`BeforeDelete team "dest"`, `AfterDelete team "dest"`},
		},
		{
			"run for a deleted row as GORM runs them, and for nothing under it",
			func(db *gorm.DB) error {
				if err := db.Session(&gorm.Session{SkipHooks: true}).Delete(&contractTeam{ID: 1}).Error; err != nil {
					return err
				}
				return db.Delete(&contractTeam{ID: 1, Name: "gone"}).Error
			},
			[]string{`BeforeDelete team "gone"`, `AfterDelete team "gone"`},
		},
		{
			"run for an Unscoped Delete",
			func(db *gorm.DB) error { return db.Unscoped().Delete(&contractTeam{ID: 2, Name: "two"}).Error },
			[]string{`BeforeDelete team "two"`, `BeforeDelete member "c"`, `AfterDelete member "c"`, `AfterDelete team "two"`},
		},
		{
			"do not run with SkipHooks, at any level",
			func(db *gorm.DB) error {
				return db.Session(&gorm.Session{SkipHooks: true}).Delete(&[]contractTeam{{ID: 1}, {ID: 2}}).Error
			},
			nil,
		},
		{
			"do not run for Preview",
			func(db *gorm.DB) error { _, err := softdelete.Preview(db, &contractTeam{ID: 1}); return err },
			nil,
		},
		{
			"of a restore do not run with SkipHooks",
			func(db *gorm.DB) error {
				silent := db.Session(&gorm.Session{SkipHooks: true})
				if err := silent.Delete(&contractTeam{ID: 1}).Error; err != nil {
					return err
				}
				_, err := softdelete.Restore(silent, &contractTeam{ID: 1})
				return err
			},
			nil,
		},
		{
			"of a restore run on the loaded rows, not for a live one",
			func(db *gorm.DB) error {
				if err := db.Session(&gorm.Session{SkipHooks: true}).Delete(&contractTeam{ID: 1}).Error; err != nil {
					return err
				}
				_, err := softdelete.Restore(db, &[]contractTeam{{ID: 1, Name: "passed"}, {ID: 2, Name: "live"}})
				return err
			},
			[]string{`BeforeRestore team "one"`, `AfterRestore team "one"`},
		},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				calls, err := contractCalls(newContract(t, database), tc.call)
				require.NoError(t, err)
				require.Equal(t, tc.want, calls)
			})
		})
	}
}

func TestWhatAHookGets(t *testing.T) {
	type key struct{}
	cases := []struct {
		name string
		// look gives what a hook sees and what it should see. (A hook must return: a test that ended in it would leave the
		// transaction open.)
		look func(tx *gorm.DB, hook string, row any) (seen, want any)
	}{
		{"the context's values", func(tx *gorm.DB, _ string, _ any) (any, any) {
			return tx.Statement.Context.Value(key{}), "value"
		}},
		{"the schema, the table and the model of its own row", func(tx *gorm.DB, _ string, row any) (any, any) {
			model, table := "contractTeam", "contract_teams"
			if _, isMember := row.(*contractMember); isMember {
				model, table = "contractMember", "contract_members"
			}
			if tx.Statement.Schema == nil {
				return "no schema", model
			}
			return []string{tx.Statement.Schema.Name, tx.Statement.Table, fmt.Sprintf("%T", tx.Statement.Model)},
				[]string{model, table, "*gorm_test." + model}
		}},
		{"a session of the deletion's transaction, without conditions", func(tx *gorm.DB, _ string, _ any) (any, any) {
			_, within := tx.Statement.ConnPool.(gorm.TxCommitter)
			var teams int64
			err := tx.Unscoped().Model(&contractTeam{}).Count(&teams).Error
			return fmt.Sprint(within, teams, err), "true 3 <nil>"
		}},
		{"before the write a live row, after it the mark", func(_ *gorm.DB, hook string, row any) (any, any) {
			after := hook == "AfterDelete"
			switch row := row.(type) {
			case *contractTeam:
				return []bool{row.DeletedAt.Valid, row.DeletionID != ""}, []bool{after, after}
			case *contractMember:
				return []bool{row.Status == "deleted", row.DeletionID != ""}, []bool{after, after}
			}
			return row, nil
		}},
		{"that the delete is not Unscoped", func(tx *gorm.DB, _ string, _ any) (any, any) {
			return tx.Statement.Unscoped, false
		}},
	}
	// run calls look in every hook of a deletion of the first team, which is undone again.
	run := func(t *testing.T, db *gorm.DB, look func(tx *gorm.DB, hook string, row any) (seen, want any)) {
		t.Helper()
		var seen, want []any
		ctx := hooked(context.WithValue(t.Context(), key{}, "value"), func(tx *gorm.DB, hook string, row any) error {
			s, w := look(tx, hook, row)
			seen, want = append(seen, s), append(want, w)
			return nil
		})
		undo := errors.New("undo")
		require.ErrorIs(t, db.Transaction(func(tx *gorm.DB) error {
			if err := tx.WithContext(ctx).Delete(&contractTeam{ID: 1}).Error; err != nil {
				return err
			}
			return undo
		}), undo)
		require.Equal(t, want, seen)
		require.Len(t, seen, 6)
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := newContract(t, database)
		for _, tc := range cases {
			t.Run(tc.name, func(t *testing.T) { run(t, db, tc.look) })
		}
		t.Run("that the delete is Unscoped", func(t *testing.T) {
			run(t, db.Unscoped().Session(&gorm.Session{}), func(tx *gorm.DB, _ string, _ any) (any, any) { return tx.Statement.Unscoped, true })
		})
		t.Run("a session in which Restore and Preview have no conditions of the deletion", func(t *testing.T) {
			require.NoError(t, db.Delete(&contractTeam{ID: 3}).Error)
			var report softdelete.Report
			ctx := hooked(t.Context(), func(tx *gorm.DB, hook string, row any) error {
				if _, isTeam := row.(*contractTeam); !isTeam || hook != "AfterDelete" {
					return nil
				}
				if _, err := softdelete.Restore(tx, &contractTeam{ID: 3}); err != nil {
					return err
				}
				var err error
				report, err = softdelete.Preview(tx, &contractTeam{ID: 2})
				return err
			})
			require.NoError(t, db.WithContext(ctx).Delete(&contractTeam{ID: 1}).Error)
			require.Equal(t, "two three: c", contractLive(t, db))
			require.EqualValues(t, 1, report.Effects[0].Rows)
		})
	})
}

func TestADeletionInAHook(t *testing.T) {
	// deleting is a context under which one hook of team 1 deletes team 2 and gives what becomes of that to judge.
	deleting := func(ctx context.Context, in string, other *contractTeam, judge func(error) error) context.Context {
		return hooked(ctx, func(tx *gorm.DB, hook string, row any) error {
			switch row := row.(type) {
			case *contractTeam:
				if row.ID == 1 && in == hook+" team" {
					return judge(tx.Delete(other).Error)
				}
				if row.ID == 2 && hook == "AfterDelete" && other.Name == "fails" {
					return errHook
				}
			case *contractMember:
				if row.Name == "a" && in == hook+" member" {
					return judge(tx.Delete(other).Error)
				}
			}
			return nil
		})
	}
	open := func(t *testing.T, database *testdb.Database) *gorm.DB {
		db := newContract(t, database)
		ledger := database.Open(t)
		require.NoError(t, ledger.Use(softdelete.New(softdelete.Config{Models: []any{&contractTeam{}, &contractMember{}}, Ledger: true})))
		require.NoError(t, ledger.AutoMigrate(softdelete.Tables()...))
		require.Equal(t, contractAll, contractLive(t, db))
		return ledger
	}
	for _, in := range []string{"BeforeDelete team", "BeforeDelete member", "AfterDelete member", "AfterDelete team"} {
		t.Run("in "+in+" is part of the deletion around it", func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				db := open(t, database)
				team, other := contractTeam{ID: 1}, contractTeam{ID: 2}
				report, err := softdelete.Delete(db.WithContext(deleting(t.Context(), in, &other, func(err error) error { return err })), &team)
				require.NoError(t, err)
				require.Equal(t, "three: ", contractLive(t, db))
				require.NotEmpty(t, report.DeletionID)
				require.Equal(t, report.DeletionID, team.DeletionID)
				require.Equal(t, report.DeletionID, other.DeletionID)
				var rows int64
				for _, effect := range report.Effects {
					if effect.Action == softdelete.ActionDeleted {
						rows += effect.Rows
					}
				}
				require.EqualValues(t, 5, rows)
				var ledger []softdelete.Deletion
				require.NoError(t, db.Find(&ledger).Error)
				require.Len(t, ledger, 1)
				require.EqualValues(t, 5, ledger[0].Rows)
				require.Equal(t, "1", ledger[0].Key)
				_, err = softdelete.RestoreDeletion(db, report.DeletionID)
				require.NoError(t, err)
				require.Equal(t, contractAll, contractLive(t, db))
			})
		})
		t.Run("in "+in+" that fails at its last hook does not count", func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				db := open(t, database)
				team, other := contractTeam{ID: 1}, contractTeam{ID: 2, Name: "fails"}
				var inner error
				ctx := deleting(t.Context(), in, &other, func(err error) error { inner = err; return nil })
				report, err := softdelete.Delete(db.WithContext(ctx), &team)
				require.NoError(t, err)
				require.ErrorIs(t, inner, errHook)
				require.Equal(t, "two three: c", contractLive(t, db))
				require.Equal(t, contractTeam{ID: 2, Name: "fails"}, other)
				require.Equal(t, []softdelete.Effect{
					{Table: "contract_teams", Action: softdelete.ActionDeleted, Rows: 1},
					{Table: "contract_members", Relation: "Members", Parent: "contract_teams", Action: softdelete.ActionDeleted, Rows: 2},
					{Table: "contract_notes", Relation: "Notes", Parent: "contract_teams", Action: softdelete.ActionKept, Rows: 1},
				}, report.Effects)
				var ledger []softdelete.Deletion
				require.NoError(t, db.Find(&ledger).Error)
				require.Len(t, ledger, 1)
				require.EqualValues(t, 3, ledger[0].Rows)
			})
		})
	}
	t.Run("is one of its own once that deletion is over", func(t *testing.T) {
		testdb.Each(t, func(t *testing.T, database *testdb.Database) {
			db := newContract(t, database)
			var kept context.Context
			ctx := hooked(t.Context(), func(tx *gorm.DB, _ string, _ any) error {
				kept = tx.Statement.Context
				return nil
			})
			first, second := contractTeam{ID: 1}, contractTeam{ID: 2}
			require.NoError(t, db.WithContext(ctx).Delete(&first).Error)
			require.NoError(t, db.WithContext(kept).Delete(&second).Error)
			require.NotEmpty(t, second.DeletionID)
			require.NotEqual(t, first.DeletionID, second.DeletionID)
			_, err := softdelete.RestoreDeletion(db, first.DeletionID)
			require.NoError(t, err)
			require.Equal(t, "one three: a b", contractLive(t, db))
		})
	})
}
