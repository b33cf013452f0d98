package archive_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	// archiveLedgerLine is a table that other programs know more columns of than the model.
	archiveLedgerLine struct {
		_     struct{} `softdelete:"archive"`
		ID    uint
		Text  string
		Parts []archiveLedgerPart `gorm:"foreignKey:LineID;constraint:-" softdelete:"cascade"`
	}
	archiveLedgerPart struct {
		_      struct{} `softdelete:"archive"`
		ID     uint
		LineID uint
	}
)

func archiveLedger(t *testing.T, database *testdb.Database) *gorm.DB {
	t.Helper()
	db := fixture.Use(t, database, softdelete.Config{Models: []any{&archiveLedgerLine{}, &archiveLedgerPart{}}})
	for _, table := range []string{"archive_ledger_lines", "archive_ledger_parts"} {
		fixture.Exec(t, db, "DROP TABLE IF EXISTS "+table, "DROP TABLE IF EXISTS "+table+"_archive")
	}
	require.NoError(t, db.AutoMigrate(&archiveLedgerLine{}, &archiveLedgerPart{}))
	require.NoError(t, db.Create(&archiveLedgerLine{ID: 1, Text: "one", Parts: []archiveLedgerPart{{ID: 1}}}).Error)
	return db
}

// archiveRow is a row of a table as the database gives it.
func archiveRow(t *testing.T, db *gorm.DB, table string) map[string]any {
	t.Helper()
	row := map[string]any{}
	require.NoError(t, db.Table(table).Order("1").Take(&row).Error)
	return row
}

func TestArchiveNeverLosesAColumn(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		t.Run("a column that only the table has moves once AutoMigrate has seen it", func(t *testing.T) {
			db := archiveLedger(t, database)
			oldNote := db.Statement.Quote("Old Note")
			fixture.Exec(t, db, "ALTER TABLE archive_ledger_lines ADD "+oldNote+" varchar(40)", "UPDATE archive_ledger_lines SET "+oldNote+" = 'kept'",
				`ALTER TABLE archive_ledger_parts ADD weight decimal(10,3)`, `UPDATE archive_ledger_parts SET weight = 1.125`)
			statements, err := softdelete.DDL(db, &archiveLedgerLine{}, &archiveLedgerPart{})
			require.NoError(t, err)
			require.Len(t, statements, 2, "%v", statements)
			executed := testdb.Record(db)
			require.NoError(t, db.AutoMigrate(&archiveLedgerLine{}, &archiveLedgerPart{}))
			for _, statement := range statements {
				require.Contains(t, executed.Statements(), statement)
			}
			statements, err = softdelete.DDL(db, &archiveLedgerLine{}, &archiveLedgerPart{})
			require.NoError(t, err)
			require.Empty(t, statements, "a second AutoMigrate executes nothing")

			line, part := archiveRow(t, db, "archive_ledger_lines"), archiveRow(t, db, "archive_ledger_parts")
			require.NoError(t, db.Delete(&archiveLedgerLine{ID: 1}).Error)
			require.Equal(t, "kept", archiveRow(t, db, "archive_ledger_lines_archive")["Old Note"])
			_, err = softdelete.Restore(db, &archiveLedgerLine{ID: 1})
			require.NoError(t, err)
			require.Equal(t, line, archiveRow(t, db, "archive_ledger_lines"))
			require.Equal(t, part, archiveRow(t, db, "archive_ledger_parts"))
		})
		for _, known := range []bool{false, true} {
			name := "before the first deletion"
			if known {
				name = "after it, by another process"
			}
			t.Run("a column that the archive lacks refuses the deletion: "+name, func(t *testing.T) {
				db := archiveLedger(t, database)
				if known {
					require.NoError(t, db.Delete(&archiveLedgerLine{ID: 1}).Error)
					_, err := softdelete.Restore(db, &archiveLedgerLine{ID: 1})
					require.NoError(t, err)
				}
				fixture.Exec(t, db, `ALTER TABLE archive_ledger_parts ADD note text`, `UPDATE archive_ledger_parts SET note = 'kept'`)
				if known {
					require.Error(t, db.Delete(&archiveLedgerLine{ID: 1}).Error, "the database sees the difference")
				}
				for _, err := range []error{
					db.Delete(&archiveLedgerLine{ID: 1}).Error,
					db.Where("line_id > 0").Delete(&archiveLedgerPart{}).Error,
				} {
					require.ErrorIs(t, err, softdelete.ErrUnsupported)
					require.ErrorContains(t, err, "archive_ledger_parts to its archive archive_ledger_parts_archive: its column note would be lost")
					require.ErrorContains(t, err, "run AutoMigrate")
				}
				_, err := softdelete.Preview(db, &archiveLedgerLine{ID: 1})
				require.ErrorIs(t, err, softdelete.ErrUnsupported)
				require.Equal(t, 1, fixture.Rows(t, db, "archive_ledger_parts", "note = ?", "kept"))
				require.NoError(t, db.AutoMigrate(&archiveLedgerPart{}))
				require.NoError(t, db.Delete(&archiveLedgerLine{ID: 1}).Error)
				require.Equal(t, 1, fixture.Rows(t, db, "archive_ledger_parts_archive", "note = ?", "kept"))
			})
		}
		t.Run("a column that the table gained after the archive does not lose values on the way back", func(t *testing.T) {
			db := archiveLedger(t, database)
			require.NoError(t, db.Delete(&archiveLedgerPart{ID: 1}).Error)
			fixture.Exec(t, db, `ALTER TABLE archive_ledger_parts ADD note text`, `ALTER TABLE archive_ledger_parts_archive ADD note text`,
				`UPDATE archive_ledger_parts_archive SET note = 'kept'`)
			_, err := softdelete.Restore(db, &archiveLedgerPart{ID: 1})
			require.NoError(t, err, "the database sees the difference, and the restore looks again")
			require.Equal(t, 1, fixture.Rows(t, db, "archive_ledger_parts", "note = ?", "kept"))
		})
		t.Run("a column that the table lost refuses the restore of rows that have a value", func(t *testing.T) {
			db := archiveLedger(t, database)
			fixture.Exec(t, db, `ALTER TABLE archive_ledger_lines ADD note text`)
			require.NoError(t, db.AutoMigrate(&archiveLedgerLine{}))
			require.NoError(t, db.Create(&archiveLedgerLine{ID: 2, Text: "two"}).Error)
			fixture.Exec(t, db, `UPDATE archive_ledger_lines SET note = 'kept' WHERE id = 1`)
			require.NoError(t, db.Where("id > 0").Delete(&archiveLedgerLine{}).Error)
			fixture.Exec(t, db, `ALTER TABLE archive_ledger_lines DROP COLUMN note`)
			require.NoError(t, db.AutoMigrate(&archiveLedgerLine{}))
			require.Equal(t, 1, fixture.Rows(t, db, "archive_ledger_lines_archive", "note = ?", "kept"), "a dropped column stays")
			_, err := softdelete.Restore(db, &archiveLedgerLine{ID: 1})
			require.ErrorIs(t, err, softdelete.ErrUnsupported)
			require.ErrorContains(t, err, "table archive_ledger_lines has no column note that keeps their values")
			require.Equal(t, 0, fixture.Rows(t, db, "archive_ledger_lines"))
			_, err = softdelete.Restore(db, &archiveLedgerLine{ID: 2})
			require.NoError(t, err)
			fixture.Exec(t, db, `UPDATE archive_ledger_lines_archive SET note = NULL`)
			_, err = softdelete.Restore(db, &archiveLedgerLine{ID: 1})
			require.NoError(t, err)
		})
		t.Run("a table with a column of the archive's own is refused", func(t *testing.T) {
			db := archiveLedger(t, database)
			fixture.Exec(t, db, `ALTER TABLE archive_ledger_lines ADD reason text`)
			for _, err := range []error{db.Delete(&archiveLedgerLine{ID: 1}).Error, db.AutoMigrate(&archiveLedgerLine{})} {
				require.ErrorIs(t, err, softdelete.ErrUnsupported)
				require.ErrorContains(t, err, "column reason of table archive_ledger_lines has the name of one that its archive")
			}
		})
		t.Run("an archive that is not there", func(t *testing.T) {
			db := archiveLedger(t, database)
			fixture.Exec(t, db, `DROP TABLE archive_ledger_lines_archive`)
			err := db.Delete(&archiveLedgerLine{ID: 1}).Error
			require.ErrorIs(t, err, softdelete.ErrUnsupported)
			require.ErrorContains(t, err, "the archive is not there; run AutoMigrate")
			require.Equal(t, 1, fixture.Rows(t, db, "archive_ledger_lines"))
		})
	})
}

func TestArchiveFollowsTypesWithoutLoss(t *testing.T) {
	type step struct {
		table, archive string // statements that make the two differ
		migrates       string // part of AutoMigrate's error, empty where it follows
		value          string
	}
	database := testdb.Postgres(t)
	for name, c := range map[string]step{
		"a widened one follows":         {table: "ALTER COLUMN code TYPE varchar(90)", value: "'" + archiveLong + "'"},
		"a number of more digits":       {table: "ALTER COLUMN code TYPE numeric(20,6) USING 1", archive: "ALTER COLUMN code TYPE numeric(10,2) USING 1", value: "12345678901.000001"},
		"a text for any value":          {table: "ALTER COLUMN code TYPE text", archive: "ALTER COLUMN code TYPE integer USING 1", value: "'0012'"},
		"neither keeps the other's":     {table: "ALTER COLUMN code TYPE numeric(10,4) USING 1", archive: "ALTER COLUMN code TYPE numeric(12,2) USING 1", migrates: "neither keeps all values of the other", value: "1.2345"},
		"one of a length that is fixed": {table: "ALTER COLUMN code TYPE char(9)", archive: "ALTER COLUMN code TYPE char(5)", migrates: "neither keeps", value: "'123456789'"},
	} {
		t.Run(name, func(t *testing.T) {
			db := archiveLedger(t, database)
			fixture.Exec(t, db, "ALTER TABLE archive_ledger_lines ADD code varchar(20)")
			require.NoError(t, db.AutoMigrate(&archiveLedgerLine{}))
			fixture.Exec(t, db, "ALTER TABLE archive_ledger_lines "+c.table, "UPDATE archive_ledger_lines SET code = "+c.value)
			if c.archive != "" {
				fixture.Exec(t, db, "ALTER TABLE archive_ledger_lines_archive "+c.archive)
			}
			before := archiveRow(t, db, "archive_ledger_lines")
			err := db.Delete(&archiveLedgerLine{ID: 1}).Error
			require.ErrorIs(t, err, softdelete.ErrUnsupported)
			require.ErrorContains(t, err, "its column code is of type")
			err = db.AutoMigrate(&archiveLedgerLine{})
			if c.migrates != "" {
				require.ErrorIs(t, err, softdelete.ErrUnsupported)
				require.ErrorContains(t, err, c.migrates)
				return
			}
			require.NoError(t, err)
			require.NoError(t, db.Delete(&archiveLedgerLine{ID: 1}).Error)
			_, err = softdelete.Restore(db, &archiveLedgerLine{ID: 1})
			require.NoError(t, err)
			require.Equal(t, before, archiveRow(t, db, "archive_ledger_lines"))
		})
	}
	t.Run("a narrowed one leaves the archive wide, and a value that no longer fits refuses the restore", func(t *testing.T) {
		db := archiveLedger(t, database)
		fixture.Exec(t, db, "ALTER TABLE archive_ledger_lines ADD amount numeric(12,4)")
		require.NoError(t, db.AutoMigrate(&archiveLedgerLine{}))
		require.NoError(t, db.Create(&archiveLedgerLine{ID: 2}).Error)
		fixture.Exec(t, db, "UPDATE archive_ledger_lines SET amount = CASE id WHEN 1 THEN 1.2345 ELSE 1.5 END")
		require.NoError(t, db.Where("id > 0").Delete(&archiveLedgerLine{}).Error)
		fixture.Exec(t, db, "ALTER TABLE archive_ledger_lines ALTER COLUMN amount TYPE numeric(10,2)")
		require.NoError(t, db.AutoMigrate(&archiveLedgerLine{}))
		_, err := softdelete.Restore(db, &archiveLedgerLine{ID: 1})
		require.ErrorIs(t, err, softdelete.ErrUnsupported)
		require.ErrorContains(t, err, "no column amount that keeps their values")
		_, err = softdelete.Restore(db, &archiveLedgerLine{ID: 2})
		require.NoError(t, err)
	})
}

const archiveLong = "a text that is longer than twenty characters by a good deal, which the archive must keep"

func TestArchiveOnSQLiteGoesByAffinity(t *testing.T) {
	db := archiveLedger(t, testdb.SQLite(t))
	fixture.Exec(t, db, "ALTER TABLE archive_ledger_lines ADD code text", "UPDATE archive_ledger_lines SET code = '0012'",
		"ALTER TABLE archive_ledger_lines_archive ADD CODE integer")
	err := db.Delete(&archiveLedgerLine{ID: 1}).Error
	require.ErrorContains(t, err, "its column code is of type TEXT, the archive's of type INTEGER")
	require.NoError(t, db.AutoMigrate(&archiveLedgerLine{}))
	require.NoError(t, db.Delete(&archiveLedgerLine{ID: 1}).Error)
	require.Equal(t, 1, fixture.Rows(t, db, "archive_ledger_lines_archive", "code = ?", "0012"))
	_, err = softdelete.Restore(db, &archiveLedgerLine{ID: 1})
	require.NoError(t, err)
	require.Equal(t, 1, fixture.Rows(t, db, "archive_ledger_lines", "code = ?", "0012"))
}
