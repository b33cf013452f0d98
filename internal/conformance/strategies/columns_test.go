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

// StratTrail is embedded, with a prefix.
type StratTrail struct {
	At         gorm.DeletedAt
	DeletionID softdelete.DeletionID
	By         string `softdelete:"actor"`
}

type (
	stratReserved struct {
		StratBase
		Order bool           `gorm:"column:order" softdelete:"flag"`
		Group sql.NullTime   `gorm:"column:group" softdelete:"at"`
		User  sql.NullString `gorm:"column:user" softdelete:"actor"`
	}
	stratPercent struct {
		StratBase
		State string  `gorm:"column:st%ste" softdelete:"status"`
		Was   *string `gorm:"column:w%as \"was\"" softdelete:"previous"`
	}
	stratEmbedded struct {
		StratBase
		Trail StratTrail `gorm:"embedded;embeddedPrefix:trail_"`
	}
	stratEmbeddedPointer struct {
		StratBase
		Trail *StratTrail `gorm:"embedded;embeddedPrefix:trail_"`
	}
	stratReadOnly struct {
		StratBase
		GoneAt int64  `gorm:"->;default:0" softdelete:"timestamp;unit:ms"`
		By     string `gorm:"<-:create" softdelete:"actor"`
	}
	stratNullBool struct {
		StratBase
		Gone sql.NullBool `softdelete:"flag"`
	}
	stratNullInt64 struct {
		StratBase
		GoneAt sql.NullInt64 `softdelete:"timestamp;unit:ms"`
	}
	stratNullString struct {
		StratBase
		State sql.NullString `softdelete:"status"`
	}
	stratSmall struct {
		StratBase
		Gone   uint8 `softdelete:"flag"`
		GoneAt int32 `softdelete:"at"`
	}
	stratWasRequired struct {
		StratBase
		State *string `softdelete:"status"`
		Was   string  `gorm:"not null" softdelete:"previous"`
	}
	stratEmptyState struct {
		StratBase
		State string  `softdelete:"status"`
		Was   *string `softdelete:"previous"`
	}
)

func TestColumnsOfManyKinds(t *testing.T) {
	cases := []struct {
		name string
		test func(*testing.T, *testdb.Database)
	}{
		{"reserved words", stratObeys(
			func(r *stratReserved) { r.Order, r.Group = false, sql.NullTime{} },
			func(r *stratReserved) bool { return r.Order && r.Group.Valid })},
		{"names with percent signs and quotes", stratObeys(
			func(r *stratPercent) { r.State, r.Was = "draft", nil },
			func(r *stratPercent) bool { return r.State == "deleted" && r.Was != nil && *r.Was == "draft" })},
		{"embedded", stratObeys(
			func(r *stratEmbedded) { r.Trail = StratTrail{} },
			func(r *stratEmbedded) bool { return r.Trail.At.Valid && r.Trail.DeletionID != "" })},
		{"embedded pointer", stratObeys(
			func(r *stratEmbeddedPointer) { r.Trail = &StratTrail{} },
			func(r *stratEmbeddedPointer) bool { return r.Trail.At.Valid && r.Trail.DeletionID != "" })},
		{"read-only for GORM", stratObeys(
			func(r *stratReadOnly) { r.GoneAt = 0 }, func(r *stratReadOnly) bool { return r.GoneAt != 0 })},
		{"sql.NullBool", stratObeys(
			func(r *stratNullBool) { r.Gone = sql.NullBool{Valid: true} }, func(r *stratNullBool) bool { return r.Gone.Bool })},
		{"sql.NullInt64", stratObeys(
			func(r *stratNullInt64) { r.GoneAt = sql.NullInt64{Valid: true} }, func(r *stratNullInt64) bool { return r.GoneAt.Int64 != 0 })},
		{"sql.NullString", stratObeys(
			func(r *stratNullString) { r.State = sql.NullString{String: "active", Valid: true} },
			func(r *stratNullString) bool { return r.State.String == "deleted" })},
		{"small integers", stratObeys(
			func(r *stratSmall) { r.Gone, r.GoneAt = 0, 0 },
			func(r *stratSmall) bool { return r.Gone == 1 && time.Unix(int64(r.GoneAt), 0).UTC().Year() == 2024 })},
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		for _, tc := range cases {
			t.Run(tc.name, func(t *testing.T) { tc.test(t, database) })
		}
		t.Run("a former status that is NULL, where previous is NOT NULL", func(t *testing.T) {
			stratNullIsLive[stratWasRequired]("state")(t, database)
		})
		t.Run("a former status that is the empty text", func(t *testing.T) {
			db := stratOpen(t, database, stratClock(), &stratEmptyState{})
			row := stratEmptyState{}
			require.NoError(t, db.Create(&row).Error)
			require.NoError(t, db.Delete(&row).Error)
			_, err := softdelete.Restore(db, &row)
			require.NoError(t, err)
			require.Empty(t, row.State)
		})
	})
}
