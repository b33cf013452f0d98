package gorm_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

func TestDryRun(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := newContract(t, database)
		require.NoError(t, db.Delete(&contractTeam{ID: 3}).Error)
		recorder := testdb.Record(db)
		nothing := func(t *testing.T) {
			t.Helper()
			for _, sql := range recorder.Statements() {
				require.Contains(t, []string{"BEGIN", "COMMIT", "ROLLBACK"}, sql, "GORM begins a transaction in a dry run, too")
			}
		}
		dry := db.Session(&gorm.Session{DryRun: true})

		t.Run("shows the UPDATE that marks the row, and sends nothing", func(t *testing.T) {
			recorder.Reset()
			team := contractTeam{ID: 1}
			stmt := dry.Where("name = ?", "one").Delete(&team).Statement
			require.NoError(t, stmt.Error)
			require.Regexp(t, `^UPDATE .contract_teams. SET .deleted_at.=.+ WHERE name = .+ AND .*id. = .+deleted_at. IS NULL$`, stmt.SQL.String())
			require.Contains(t, stmt.Vars, "one")
			nothing(t)
			require.Equal(t, contractTeam{ID: 1}, team)
		})
		t.Run("ToSQL gives the UPDATE with its values, and sends nothing at all", func(t *testing.T) {
			recorder.Reset()
			sql := db.ToSQL(func(tx *gorm.DB) *gorm.DB { return tx.Delete(&contractMember{}, "name = ?", "a") })
			require.Regexp(t, `^UPDATE .contract_members. SET .*status.=.deleted.* WHERE name = .a. AND `, sql)
			sql = db.ToSQL(func(tx *gorm.DB) *gorm.DB { return tx.Unscoped().Delete(&contractTeam{ID: 1}) })
			require.Regexp(t, `^DELETE FROM .contract_teams. WHERE .contract_teams.\..id. = 1$`, sql)
			require.Empty(t, recorder.Statements())
		})
		t.Run("softdelete.Delete sends nothing", func(t *testing.T) {
			recorder.Reset()
			_, err := softdelete.Delete(dry, &contractTeam{ID: 1})
			require.NoError(t, err)
			nothing(t)
		})
		t.Run("Restore writes nothing", func(t *testing.T) {
			recorder.Reset()
			team := contractTeam{ID: 3, Name: "stale"}
			_, err := softdelete.Restore(dry, &team)
			require.NoError(t, err)
			require.False(t, slices.ContainsFunc(recorder.Statements(), isWrite), recorder.Statements())
			require.Equal(t, contractTeam{ID: 3, Name: "stale"}, team)
		})
		require.Equal(t, "one two: a b c", contractLive(t, db))
	})
}

func TestSeveralStatementsOfOneDB(t *testing.T) {
	cases := []struct {
		name string
		run  func(t *testing.T, db *gorm.DB)
	}{
		{"an update after a deletion is the update", func(t *testing.T, db *gorm.DB) {
			tx := db.Model(&contractTeam{}).Where("id = ?", 1)
			require.NoError(t, tx.Delete(&contractTeam{}).Error)
			updated := tx.Update("name", "deleted")
			require.NoError(t, updated.Error)
			require.Zero(t, updated.RowsAffected, "the row is deleted")
			_, err := softdelete.Restore(db, &contractTeam{ID: 1})
			require.NoError(t, err)
			updated = tx.Update("name", "new")
			require.NoError(t, updated.Error)
			require.EqualValues(t, 1, updated.RowsAffected)
			require.Equal(t, "new two three: a b c", contractLive(t, db))
		}},
		{"queries after a deletion see that it happened", func(t *testing.T, db *gorm.DB) {
			tx := db.Where("id < ?", 3)
			require.NoError(t, tx.Delete(&contractTeam{}).Error)
			var teams []contractTeam
			require.NoError(t, tx.Find(&teams).Error)
			require.Empty(t, teams)
			require.Equal(t, "three: ", contractLive(t, db))
		}},
		{"the second of two deletions finds nothing left", func(t *testing.T, db *gorm.DB) {
			tx := db.Where("id < ?", 3)
			require.EqualValues(t, 2, tx.Delete(&contractTeam{}).RowsAffected)
			second := tx.Delete(&contractTeam{})
			require.NoError(t, second.Error)
			require.Zero(t, second.RowsAffected)
		}},
		{"deletions of a *gorm.DB without conditions are independent", func(t *testing.T, db *gorm.DB) {
			session := db.Session(&gorm.Session{})
			require.NoError(t, session.Delete(&contractTeam{ID: 1}).Error)
			require.NoError(t, session.Delete(&contractMember{ID: 3}).Error)
			require.ErrorIs(t, session.Delete(&contractTeam{}).Error, gorm.ErrMissingWhereClause)
			require.NoError(t, session.Delete(&contractTeam{}, "name = ?", "three").Error)
			require.Equal(t, "two: ", contractLive(t, db))
		}},
		{"a query's filter does not narrow a restore", func(t *testing.T, db *gorm.DB) {
			require.NoError(t, db.Delete(&contractTeam{ID: 1}).Error)
			tx := db.Where("name = ?", "one")
			var team contractTeam
			require.ErrorIs(t, tx.First(&team).Error, gorm.ErrRecordNotFound)
			tx.Error = nil
			report, err := softdelete.Restore(tx, &contractTeam{})
			require.NoError(t, err)
			require.EqualValues(t, 1, report.Effects[0].Rows)
			require.Equal(t, contractAll, contractLive(t, db))
		}},
		{"a report is of the last deletion", func(t *testing.T, db *gorm.DB) {
			var report softdelete.Report
			session := db.Clauses(softdelete.Into(&report)).Session(&gorm.Session{})
			require.NoError(t, session.Delete(&contractTeam{ID: 1}).Error)
			first := report
			require.NoError(t, session.Delete(&contractTeam{ID: 2}).Error)
			require.NotEqual(t, first.DeletionID, report.DeletionID)
			require.EqualValues(t, 1, report.Effects[0].Rows)
		}},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) { tc.run(t, newContract(t, database)) })
		})
	}
}

func TestScopesReachADeletion(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := newContract(t, database)
		named := func(name string) func(*gorm.DB) *gorm.DB {
			return func(db *gorm.DB) *gorm.DB { return db.Where("name = ?", name) }
		}
		done := db.Scopes(named("one")).Delete(&contractTeam{})
		require.NoError(t, done.Error)
		require.EqualValues(t, 1, done.RowsAffected)
		require.Equal(t, "two three: c", contractLive(t, db))
		_, err := softdelete.Restore(db.Scopes(named("two")), &contractTeam{})
		require.NoError(t, err)
		require.Equal(t, "two three: c", contractLive(t, db))
		_, err = softdelete.Restore(db.Scopes(named("one")), &contractTeam{})
		require.NoError(t, err)
		require.Equal(t, contractAll, contractLive(t, db))
	})
}

// contractLog keeps what GORM logs.
type contractLog struct {
	logger.Interface
	lines *[]string
}

func (l contractLog) LogMode(logger.LogLevel) logger.Interface { return l }

func (l contractLog) Trace(_ context.Context, _ time.Time, statement func() (string, int64), _ error) {
	sql, _ := statement()
	*l.lines = append(*l.lines, sql)
}

func TestEveryStatementIsLogged(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := newContract(t, database)
		var lines []string
		logged := db.Session(&gorm.Session{Logger: contractLog{logger.Discard, &lines}}).Debug()
		recorder := testdb.Record(db)
		team := contractTeam{ID: 1}
		require.NoError(t, logged.Delete(&team).Error)
		_, err := softdelete.Restore(logged, &team)
		require.NoError(t, err)
		var writes, loggedWrites int
		for _, sql := range recorder.Statements() {
			if isWrite(sql) {
				writes++
			}
		}
		for _, line := range lines {
			if isWrite(line) {
				loggedWrites++
			}
		}
		require.NotZero(t, writes)
		require.Equal(t, writes, loggedWrites, strings.Join(lines, "\n"))
	})
}

func TestSessionsShareThePlugin(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := newContract(t, database)
		sessions := map[string]*gorm.DB{
			"Session":     db.Session(&gorm.Session{}),
			"NewDB":       db.Where("1 = 0").Session(&gorm.Session{NewDB: true}),
			"Context":     db.WithContext(t.Context()),
			"PrepareStmt": db.Session(&gorm.Session{PrepareStmt: true}),
			"SkipDefaultTransaction, QueryFields, CreateBatchSize, FullSaveAssociations": db.Session(&gorm.Session{
				SkipDefaultTransaction: true, QueryFields: true, CreateBatchSize: 1, FullSaveAssociations: true,
			}),
			"Set": db.Set("key", "value"),
		}
		for name, session := range sessions {
			t.Run(name, func(t *testing.T) {
				for range 2 {
					team := contractTeam{ID: 1}
					require.NoError(t, session.Delete(&team).Error)
					require.Equal(t, "two three: c", contractLive(t, db))
					_, err := softdelete.Restore(session.Session(&gorm.Session{NewDB: true}), &team)
					require.NoError(t, err)
					require.Equal(t, contractAll, contractLive(t, db))
				}
			})
		}
		t.Run("Connection", func(t *testing.T) {
			require.NoError(t, db.Connection(func(tx *gorm.DB) error {
				if err := tx.Delete(&contractTeam{ID: 1}).Error; err != nil {
					return err
				}
				_, err := softdelete.Restore(tx, &contractTeam{ID: 1})
				return err
			}))
			require.Equal(t, contractAll, contractLive(t, db))
		})
	})
}

func TestDeletionsLeaveUpdatedAt(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := newContract(t, database)
		stamps := func() (stamps []time.Time) {
			var members []time.Time
			require.NoError(t, db.Unscoped().Model(&contractTeam{}).Order("id").Pluck("updated_at", &stamps).Error)
			require.NoError(t, db.Unscoped().Model(&contractMember{}).Order("id").Pluck("updated_at", &members).Error)
			return append(stamps, members...)
		}
		before := stamps()
		team := contractTeam{ID: 1}
		require.NoError(t, db.Delete(&team).Error)
		require.Zero(t, team.UpdatedAt)
		require.Equal(t, before, stamps())
		_, err := softdelete.Restore(db, &team)
		require.NoError(t, err)
		require.Equal(t, before, stamps())
		require.NoError(t, db.Where("1 = 1").Delete(&[]contractTeam{}).Error)
		require.Equal(t, before, stamps())
	})
}

func TestADeletionThatReturnsItsRowsLeavesUpdatedAt(t *testing.T) {
	testdb.EachOf(t, testdb.ReturnedUpdates, func(t *testing.T, database *testdb.Database) {
		db := newContract(t, database)
		stamps := func() (stamps []time.Time) {
			require.NoError(t, db.Unscoped().Model(&contractTeam{}).Order("id").Pluck("updated_at", &stamps).Error)
			return stamps
		}
		before := stamps()
		require.NoError(t, db.Clauses(clause.Returning{}).Where("1 = 1").Delete(&[]contractTeam{}).Error)
		require.Equal(t, before, stamps())
	})
}
