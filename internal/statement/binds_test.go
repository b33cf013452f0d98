package statement_test

import (
	"path/filepath"
	"slices"
	"strconv"
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

// The whole API on hundreds of rows, whose keys are a number, two columns, and bytes.

type (
	crowdHost struct {
		ID        uint
		CreatedAt time.Time
		Name      string                `pii:"fixed:-"`
		DeletedAt gorm.DeletedAt        `softdelete:"retain:1d;then:cold"`
		Deletion  softdelete.DeletionID `gorm:"column:deletion"`
		Guests    []crowdGuest          `gorm:"foreignKey:HostID" softdelete:"cascade"`
		Seats     []crowdSeat           `gorm:"foreignKey:HostID" softdelete:"cascade"`
		Badges    []crowdBadge          `gorm:"foreignKey:HostID" softdelete:"cascade"`
	}
	crowdGuest struct {
		ID        uint
		HostID    uint
		Name      string                `pii:"fixed:-"`
		DeletedAt gorm.DeletedAt        `softdelete:"retain:1d;then:cold"`
		Deletion  softdelete.DeletionID `gorm:"column:deletion"`
	}
	crowdSeat struct {
		Hall      int    `gorm:"primaryKey;autoIncrement:false"`
		Code      string `gorm:"primaryKey;size:20"`
		HostID    uint
		Name      string                `pii:"fixed:-"`
		DeletedAt gorm.DeletedAt        `softdelete:"retain:1d;then:cold"`
		Deletion  softdelete.DeletionID `gorm:"column:deletion"`
	}
	crowdBadge struct {
		Code      []byte `gorm:"primaryKey;size:20"`
		HostID    uint
		Name      string                `pii:"fixed:-"`
		DeletedAt gorm.DeletedAt        `softdelete:"retain:1d;then:cold"`
		Deletion  softdelete.DeletionID `gorm:"column:deletion"`
	}
)

func TestNoStatementBindsItsRowsOneByOne(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		const rows, most = 500, 40
		store, _ := fixture.ColdDir(t)
		ledger, err := softdelete.FileLedger(filepath.Join(t.TempDir(), "ledger"))
		require.NoError(t, err)
		s := fixture.NewStage(t, database, softdelete.Config{
			Models: []any{&crowdHost{}, &crowdGuest{}, &crowdSeat{}, &crowdBadge{}}, ColdStore: store, ErasureLedger: ledger, Holds: true,
		})
		guests, seats, badges := make([]crowdGuest, rows), make([]crowdSeat, rows), make([]crowdBadge, rows)
		for i := range rows {
			guests[i] = crowdGuest{ID: uint(i) + 1, HostID: 1, Name: "guest"}
			seats[i] = crowdSeat{Hall: i % 7, Code: "seat " + strconv.Itoa(i), HostID: 1, Name: "seat"}
			badges[i] = crowdBadge{Code: []byte{255, 0, byte(i >> 8), byte(i)}, HostID: 1, Name: "badge"}
		}
		s.Add(&crowdHost{ID: 1, Name: "host"})
		recorder := testdb.Record(s.DB)
		step := func(name string, do func() error) {
			recorder.Reset()
			require.NoError(t, do(), name)
			for _, statement := range recorder.All() {
				switch {
				case strings.HasPrefix(statement.SQL, "INSERT INTO "):
				case strings.HasPrefix(statement.SQL, "DELETE ") && database.LocksAllRead(): // a purge binds the keys of up to 5,000 rows
					require.LessOrEqual(t, len(statement.Args), 2*rows+most, "%s: %.300s", name, statement.SQL)
				default:
					require.LessOrEqual(t, len(statement.Args), most, "%s: %.300s", name, statement.SQL)
				}
			}
		}
		for name, list := range map[string]any{"guests": &guests, "seats": &seats, "badges": &badges} {
			step("create "+name, func() error { return s.DB.Create(list).Error })
			step("save "+name, func() error { return s.DB.Save(list).Error })
			step("upsert "+name, func() error { return s.DB.Clauses(clause.OnConflict{UpdateAll: true}).Create(list).Error })
			step("preview of "+name, func() error { _, err := softdelete.Preview(s.DB, list); return err })
			step("delete "+name, func() error { _, err := softdelete.Delete(s.DB, list); return err })
			step("save deleted "+name, func() error {
				require.ErrorIs(t, s.DB.Save(list).Error, softdelete.ErrRowDeleted)
				return nil
			})
			step("preview of a restore of "+name, func() error { _, err := softdelete.PreviewRestore(s.DB, list); return err })
			step("restore "+name, func() error { _, err := softdelete.Restore(s.DB, list); return err })
		}
		step("cascade", func() error {
			s.DeleteAgo(3*fixture.Day, &crowdHost{ID: 1})
			return nil
		})
		var report softdelete.PurgeReport
		step("purge to cold storage", func() (err error) {
			report, err = softdelete.Purge(s.DB, softdelete.PurgeOptions{})
			return err
		})
		for _, table := range []string{"crowd_hosts", "crowd_guests", "crowd_seats", "crowd_badges"} {
			batches := fixture.ReportOf(t, report, table).ColdBatches
			require.NotEmpty(t, batches)
			for _, id := range batches {
				step("thaw "+table, func() error { _, err := softdelete.Thaw(s.DB, id); return err })
			}
		}
		step("hold", func() error {
			id, err := softdelete.Hold(s.DB, &crowdHost{ID: 1}, softdelete.HoldOptions{Matter: "a case"})
			require.NoError(t, err)
			_, err = softdelete.Erase(s.DB, &crowdHost{ID: 1}, softdelete.ErasureRequest{ID: "held"})
			require.ErrorIs(t, err, softdelete.ErrHeld)
			return softdelete.Release(s.DB, id)
		})
		step("preview of an erasure", func() error { _, err := softdelete.PreviewErasure(s.DB, &crowdHost{ID: 1}); return err })
		tables := []string{
			"crowd_hosts", "crowd_guests", "crowd_seats", "crowd_badges", "softdelete_deletions", "softdelete_certificates", "softdelete_certificate_head",
			"softdelete_erased_rows", "softdelete_erasure_outbox",
		}
		for _, table := range tables { // the backup
			fixture.Exec(t, s.DB, "CREATE TABLE backup_"+table+" AS SELECT * FROM "+table)
		}
		step("erase", func() error {
			_, err := softdelete.Erase(s.DB, &crowdHost{ID: 1}, softdelete.ErasureRequest{ID: "r"})
			return err
		})
		for _, table := range slices.Backward(tables) {
			fixture.Exec(t, s.DB, "DELETE FROM "+table)
		}
		for _, table := range tables {
			fixture.Exec(t, s.DB, "INSERT INTO "+table+" SELECT * FROM backup_"+table)
		}
		step("replay", func() error {
			report, err := softdelete.ReplayErasures(s.DB, ledger)
			require.EqualValues(t, 1, report.Replayed)
			return err
		})
		step("certificates", func() error { return softdelete.VerifyCertificates(s.DB) })
		step("save erased rows", func() error {
			require.ErrorIs(t, s.DB.Save(&guests).Error, softdelete.ErrErased)
			require.ErrorIs(t, s.DB.Save(&seats).Error, softdelete.ErrErased)
			require.ErrorIs(t, s.DB.Save(&badges).Error, softdelete.ErrErased)
			return nil
		})
	})
}
