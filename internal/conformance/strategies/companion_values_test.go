package strategies_test

import (
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

type (
	stratToldTime struct {
		StratBase
		DeletedAt  gorm.DeletedAt
		DeletionID softdelete.DeletionID
		By         string `softdelete:"actor"`
		Why        string `softdelete:"reason"`
	}
	stratToldNull struct {
		StratBase
		GoneAt     sql.NullTime          `softdelete:"timestamp"`
		DeletionID softdelete.DeletionID `gorm:"index"`
		By         *string               `softdelete:"actor"`
		Why        sql.NullString        `gorm:"type:text" softdelete:"reason"`
	}
	stratToldFlag struct {
		StratBase
		Gone       bool       `softdelete:"flag"`
		GoneAt     *time.Time `gorm:"precision:6" softdelete:"at"`
		DeletionID softdelete.DeletionID
		By         string `softdelete:"actor"`
		Why        string `softdelete:"reason"`
	}
	stratToldFlagInt struct {
		StratBase
		Gone       int   `softdelete:"flag"`
		GoneAt     int64 `softdelete:"at;unit:us"`
		DeletionID softdelete.DeletionID
		By         string `softdelete:"actor"`
		Why        string `softdelete:"reason"`
	}
	stratToldStatus struct {
		StratBase
		State      string       `softdelete:"status;deleted:removed"`
		Was        *string      `softdelete:"previous"`
		GoneAt     sql.NullTime `softdelete:"at"`
		DeletionID softdelete.DeletionID
		By         string `softdelete:"actor"`
		Why        string `softdelete:"reason"`
	}
	stratToldRequired struct {
		StratBase
		State      stratWord             `gorm:"not null" softdelete:"status;deleted:removed"`
		Was        stratWord             `gorm:"not null" softdelete:"previous"`
		GoneAt     int64                 `gorm:"not null" softdelete:"at;unit:us"`
		DeletionID softdelete.DeletionID `gorm:"not null;default:''"`
		By         string                `gorm:"not null" softdelete:"actor"`
		Why        string                `gorm:"not null" softdelete:"reason"`
	}
)

// stratTold is what a row's companion columns say.
type stratTold struct {
	At      time.Time
	ID      softdelete.DeletionID
	By, Why string
	Was     string
}

// stratTells shows that the companion columns say what took the row, and nothing once it is back. was is the former status
// that a deletion keeps, "" for none.
func stratTells[T any, P stratRow[T]](was string, live func(P), told func(P) stratTold) func(*testing.T, *testdb.Database) {
	return func(t *testing.T, database *testdb.Database) {
		db := stratOpen(t, database, stratClock(), new(T))
		row := P(new(T))
		live(row)
		require.NoError(t, db.Create(row).Error)
		before := *row
		id := row.base().ID
		stored := func() P {
			found := P(new(T))
			require.NoError(t, db.Unscoped().First(found, id).Error)
			return found
		}
		by := func(actor, reason string) *gorm.DB {
			return db.WithContext(softdelete.WithReason(softdelete.WithActor(t.Context(), actor), reason))
		}

		report, err := softdelete.Delete(by("clerk 7", "it's 100% spam"), row)
		require.NoError(t, err)
		require.NotEmpty(t, report.DeletionID)
		want := stratTold{At: report.At, ID: report.DeletionID, By: "clerk 7", Why: "it's 100% spam", Was: was}
		stratToldEqual(t, want, told(stored()), "the database")
		stratToldEqual(t, want, told(row), "the caller's row")

		again := by("clerk 8", "again").Delete(P(&before))
		require.NoError(t, again.Error)
		require.Zero(t, again.RowsAffected)
		stratToldEqual(t, want, told(stored()), "a row deleted earlier keeps what it says")

		restored, err := softdelete.Restore(by("clerk 9", "back"), row)
		require.NoError(t, err)
		require.Equal(t, report.DeletionID, restored.DeletionID)
		require.Equal(t, stratTold{}, told(stored()))
		require.Equal(t, before, *stored(), "the very row is back")
		require.Equal(t, before, *row, "the caller's row is as in the database")

		second, err := softdelete.Delete(db, row)
		require.NoError(t, err)
		require.NotEqual(t, report.DeletionID, second.DeletionID)
		require.True(t, second.At.After(report.At))
		stratToldEqual(t, stratTold{At: second.At, ID: second.DeletionID, Was: was}, told(stored()), "without an actor in the context")

		_, err = softdelete.RestoreDeletion(db, second.DeletionID)
		require.NoError(t, err)
		require.Equal(t, before, *stored())

		third := by("clerk 7", "by condition").Where("id = ?", id).Delete(new(T))
		require.NoError(t, third.Error)
		require.EqualValues(t, 1, third.RowsAffected)
		require.Equal(t, "by condition", told(stored()).Why)
	}
}

func stratToldEqual(t *testing.T, want, got stratTold, message string) {
	t.Helper()
	require.True(t, want.At.Equal(got.At), "%s: want %s, got %s", message, want.At, got.At)
	got.At = want.At
	require.Equal(t, want, got, message)
}

func stratText(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}

// stratMicro is the instant of a count of microseconds, 0 for none.
func stratMicro(count int64) time.Time {
	if count == 0 {
		return time.Time{}
	}
	return time.UnixMicro(count)
}

func TestCompanionColumns(t *testing.T) {
	cases := []struct {
		name string
		test func(*testing.T, *testdb.Database)
	}{
		{"timestamp", stratTells("", func(*stratToldTime) {}, func(r *stratToldTime) stratTold {
			return stratTold{At: r.DeletedAt.Time, ID: r.DeletionID, By: r.By, Why: r.Why}
		})},
		{"timestamp, nullable texts", stratTells("", func(*stratToldNull) {}, func(r *stratToldNull) stratTold {
			return stratTold{At: r.GoneAt.Time, ID: r.DeletionID, By: stratText(r.By), Why: r.Why.String}
		})},
		{"flag", stratTells("", func(*stratToldFlag) {}, func(r *stratToldFlag) stratTold {
			told := stratTold{ID: r.DeletionID, By: r.By, Why: r.Why}
			if r.GoneAt != nil {
				told.At = *r.GoneAt
			}
			return told
		})},
		{"integer flag and time", stratTells("", func(*stratToldFlagInt) {}, func(r *stratToldFlagInt) stratTold {
			return stratTold{At: stratMicro(r.GoneAt), ID: r.DeletionID, By: r.By, Why: r.Why}
		})},
		{"status", stratTells("draft", func(r *stratToldStatus) { r.State = "draft" }, func(r *stratToldStatus) stratTold {
			return stratTold{At: r.GoneAt.Time, ID: r.DeletionID, By: r.By, Why: r.Why, Was: stratText(r.Was)}
		})},
		{"status, all NOT NULL", stratTells("draft", func(r *stratToldRequired) { r.State = "draft" }, func(r *stratToldRequired) stratTold {
			return stratTold{At: stratMicro(r.GoneAt), ID: r.DeletionID, By: r.By, Why: r.Why, Was: string(r.Was)}
		})},
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		for _, tc := range cases {
			t.Run(tc.name, func(t *testing.T) { tc.test(t, database) })
		}
	})
}

func TestClearedCompanionsAreNull(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := stratOpen(t, database, stratClock(), &stratToldStatus{})
		row := stratToldStatus{State: "draft"}
		require.NoError(t, db.Create(&row).Error)
		require.NoError(t, db.Delete(&row).Error)
		_, err := softdelete.Restore(db, &row)
		require.NoError(t, err)
		var null int64
		require.NoError(t, db.Model(&row).Where("was IS NULL AND gone_at IS NULL AND deletion_id IS NULL").Count(&null).Error)
		require.EqualValues(t, 1, null)
	})
}
