package archive_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

// declaredTypes are types as models declare them, with the databases' own other names for some.
var declaredTypes = map[string][]string{
	"sqlite": {"json", "text", "varchar(20)", "char(5)", "integer", "bigint", "decimal(12,3)", "real", "double precision", "blob", "boolean", "date", "datetime", "uuid"},
	"postgres": {
		"json", "jsonb", "text", "varchar(20)", "character varying(20)", "char(5)", "int", "int8", "bigint", "smallint", "decimal(12,3)", "numeric", "real", "float4",
		"double precision", "float8", "bytea", "bool", "boolean", "date", "time", "time(3)", "timetz", "timestamp", "timestamptz(3)", "timestamp with time zone",
		"interval", "uuid", "inet", "text[]", "int[]", "varchar(20)[]", "int[3][3]", "bigint array", "bit(3)", "varbit(9)", "point", "int4range", "tsvector", "xml", "money", "oid", `"char"`, "name",
	},
	"mysql": {
		"json", "text", "text(100)", "tinytext", "mediumtext", "longtext", "varchar(20)", "character varying(20)", "char(5)", "char", "nchar(5)", "nvarchar(5)",
		"national varchar(5)", "int", "integer", "int(11)", "int(5) zerofill", "int unsigned", "bigint(20) unsigned", "smallint", "tinyint", "tinyint(1)", "bool",
		"boolean", "mediumint", "int8", "decimal(12,3)", "dec(9)", "numeric", "decimal", "fixed(5,1)", "real", "float", "float(7,4)", "float(30)", "double",
		"double(10,2)", "double precision", "blob", "blob(100)", "tinyblob", "binary(16)", "varbinary(16)", "binary", "bit", "bit(8)", "date", "time", "time(3)",
		"datetime", "datetime(3)", "timestamp NULL", "year", "year(4)", "enum('a','b')", "set('a','b')", "point", "geometry", "varchar(20) character set latin1",
		"varchar(20) COLLATE utf8mb4_general_ci", "char(5) binary", "long", "long varchar",
	},
}

// declaredType is the type of the column of a [typedRow].
var declaredType string

type (
	typedValue string
	typedRow   struct {
		_     struct{} `softdelete:"archive"`
		ID    uint
		Value typedValue
	}
)

func (typedValue) GormDBDataType(*gorm.DB, *schema.Field) string { return declaredType }

func TestTheArchiveOfAColumnOfAnyTypeIsMigratedOnce(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db, again := fixture.Use(t, database, softdelete.Config{}), fixture.Use(t, database, softdelete.Config{})
		recorder := testdb.Record(again)
		for i, kind := range declaredTypes[database.Name] {
			t.Run(kind, func(t *testing.T) {
				declaredType = kind
				table := fmt.Sprint("typed_", i)
				require.NoError(t, db.Table(table).AutoMigrate(&typedRow{}))
				recorder.Reset()
				require.NoError(t, again.Table(table).AutoMigrate(&typedRow{}))
				for _, statement := range recorder.Statements() {
					require.False(t, strings.HasPrefix(statement, "ALTER TABLE") && strings.Contains(statement, table+"_archive"), statement)
				}
				require.NoError(t, again.Exec("INSERT INTO "+table+" (id) VALUES (1)").Error)
				require.NoError(t, again.Table(table).Delete(&typedRow{ID: 1}).Error)
				_, err := softdelete.Restore(again.Table(table), &typedRow{ID: 1})
				require.NoError(t, err)
			})
		}
	})
}

// reckonedSheet has a unique index over a column that the database computes, and that an archive has none of.
type reckonedSheet struct {
	_     struct{} `softdelete:"archive"`
	ID    uint
	Size  int
	Twice int `gorm:"->;type:int GENERATED ALWAYS AS (size * 2) STORED;uniqueIndex"`
}

func TestARowWithAUniqueValueThatTheDatabaseComputesComesBack(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Models(t, database, []any{&reckonedSheet{}})
		require.NoError(t, db.Create(&reckonedSheet{ID: 1, Size: 4}).Error)
		require.NoError(t, db.Delete(&reckonedSheet{ID: 1}).Error)
		require.NoError(t, db.Create(&reckonedSheet{ID: 2, Size: 4}).Error)
		_, err := softdelete.Restore(db, &reckonedSheet{ID: 1})
		require.ErrorIs(t, err, softdelete.ErrRestoreConflict)
		require.Equal(t, 1, fixture.Rows(t, db, "reckoned_sheets"))
		require.Equal(t, 1, fixture.Rows(t, db, "reckoned_sheets_archive"))
		require.NoError(t, db.Delete(&reckonedSheet{ID: 2}).Error)
		_, err = softdelete.Restore(db, &reckonedSheet{ID: 1})
		require.NoError(t, err)
		var sheet reckonedSheet
		require.NoError(t, db.First(&sheet, 1).Error)
		require.Equal(t, 8, sheet.Twice)
	})
}
