package migrate_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	formerUnique struct {
		ID        uint
		Code      string `gorm:"unique"`
		DeletedAt gorm.DeletedAt
	}
	formerIndex struct {
		ID        uint
		Code      string `gorm:"uniqueIndex"`
		DeletedAt gorm.DeletedAt
	}
	formerPair struct {
		ID        uint
		Code      string `gorm:"uniqueIndex:former_pair_index"`
		Part      string `gorm:"uniqueIndex:former_pair_index"`
		DeletedAt gorm.DeletedAt
	}
	formerFull struct {
		ID        uint
		Code      string `gorm:"unique" softdelete:"full"`
		DeletedAt gorm.DeletedAt
	}
)

func (formerUnique) TableName() string { return "formers" }
func (formerIndex) TableName() string  { return "formers" }
func (formerPair) TableName() string   { return "formers" }
func (formerFull) TableName() string   { return "formers" }

// formerTables are statements by which others have made the table, in the words of every database.
var formerTables = map[string][]string{
	"a column's constraint": {
		"CREATE TABLE formers (id integer PRIMARY KEY, code text NOT NULL UNIQUE, part text DEFAULT 'UNIQUE, (', deleted_at timestamp, CHECK (code <> 'no'))",
	},
	"a column's constraint with a name": {
		"CREATE TABLE formers (id integer PRIMARY KEY, code text CONSTRAINT one_code UNIQUE DEFAULT 'x', part text, deleted_at timestamp)",
	},
	"the table's constraint": {
		"CREATE TABLE formers (id integer, code text, part text, deleted_at timestamp, UNIQUE (code), CHECK (id > 0), PRIMARY KEY (id))",
	},
	"the table's constraint with a name": {
		`CREATE TABLE formers (id integer PRIMARY KEY, "code" varchar(20), part text, deleted_at timestamp, CONSTRAINT "mgs code key" UNIQUE ("code"))`,
	},
	"an index": {
		"CREATE TABLE formers (id integer PRIMARY KEY, code text, part text, deleted_at timestamp)", "CREATE UNIQUE INDEX codes_of_formers ON formers (code)",
	},
}

func TestWhatIsUniqueUnderAnotherNameBecomesUniqueAmongLiveRows(t *testing.T) {
	models := map[string]any{"unique": &formerUnique{}, "uniqueIndex": &formerIndex{}, "full": &formerFull{}}
	for made, statements := range formerTables {
		for tag, model := range models {
			if tag == "full" && made == "the table's constraint" {
				continue // GORM's migrator for SQLite takes UNIQUE for a column's name
			}
			t.Run(made+"/"+tag, func(t *testing.T) { checkFormer(t, statements, model, tag != "full") })
		}
		pair := slices.Clone(statements)
		for i, s := range pair {
			if i > 0 || len(pair) == 1 {
				pair[i] = strings.NewReplacer("(code)", "(part, code)", `("code")`, `("code", part)`).Replace(s)
			}
		}
		if !slices.Equal(pair, statements) {
			t.Run(made+"/of two columns", func(t *testing.T) { checkFormer(t, pair, &formerPair{}, true) })
		}
	}
}

func checkFormer(t *testing.T, statements []string, model any, narrowed bool) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Use(t, database, softdelete.Config{})
		for _, statement := range statements {
			if database.Name == "mysql" {
				statement = strings.NewReplacer(`"`, "`", "CONSTRAINT one_code UNIQUE", "UNIQUE").Replace(statement)
			}
			require.NoError(t, db.Exec(statement).Error)
		}
		create := func(id int) error {
			return db.Exec("INSERT INTO formers (id, code, part) VALUES (?, 'a', 'p')", id).Error
		}
		require.NoError(t, create(1))
		ddl, err := softdelete.DDL(db, model)
		require.NoError(t, err)
		require.NoError(t, db.AutoMigrate(model))
		requireNoFurtherChange(t, db, model)
		require.Error(t, create(2))
		require.NoError(t, db.Delete(model, 1).Error)
		if !narrowed {
			require.Error(t, create(3))
			return
		}
		require.NotEmpty(t, ddl)
		require.NoError(t, create(4))
		require.Error(t, create(5))
		var part string
		require.NoError(t, db.Raw("SELECT part FROM formers WHERE id = 1").Scan(&part).Error)
		require.Equal(t, "p", part)
	})
}

type (
	keyedParent struct {
		ID        uint
		Code      string `gorm:"uniqueIndex"`
		Name      string `gorm:"unique"`
		Other     string `gorm:"uniqueIndex"`
		DeletedAt gorm.DeletedAt
	}
	keyedChild struct {
		ID         uint
		ParentCode string
		ParentName string
	}
)

func TestAnIndexThatAForeignKeyOfTheDatabaseNeedsStaysWhole(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		plain := database.Open(t)
		require.NoError(t, plain.AutoMigrate(&keyedParent{}))
		require.NoError(t, plain.Exec("CREATE TABLE keyed_children (id integer PRIMARY KEY, "+
			"parent_code varchar(191), parent_name varchar(191), CONSTRAINT keyed_code FOREIGN KEY (parent_code) REFERENCES keyed_parents (code), "+
			"CONSTRAINT keyed_name FOREIGN KEY (parent_name) REFERENCES keyed_parents (name))").Error)
		require.NoError(t, plain.Create(&keyedParent{ID: 1, Code: "a", Name: "a", Other: "a"}).Error)
		require.NoError(t, plain.Create(&keyedChild{ID: 1, ParentCode: "a", ParentName: "a"}).Error)

		db := fixture.Use(t, database, softdelete.Config{})
		ddl, err := softdelete.DDL(db, &keyedParent{})
		require.NoError(t, err)
		notes := 0
		for _, statement := range ddl {
			if strings.HasPrefix(statement, "-- ") {
				require.Contains(t, statement, "keyed_children")
				notes++
			}
		}
		require.Positive(t, notes, "%q", ddl)
		for range 2 {
			require.NoError(t, db.AutoMigrate(&keyedParent{}))
		}
		require.NoError(t, db.Create(&keyedChild{ID: 2, ParentCode: "a", ParentName: "a"}).Error, "the key works as before")
		require.Error(t, db.Create(&keyedChild{ID: 3, ParentCode: "b", ParentName: "a"}).Error)
		require.NoError(t, db.Delete(&keyedParent{ID: 1}).Error)
		require.Error(t, db.Create(&keyedParent{ID: 2, Code: "a", Name: "b", Other: "b"}).Error)
		require.Error(t, db.Create(&keyedParent{ID: 3, Code: "c", Name: "a", Other: "c"}).Error)
		require.NoError(t, db.Create(&keyedParent{ID: 4, Code: "d", Name: "d", Other: "a"}).Error, "no key needs this one")
		require.NoError(t, db.AutoMigrate(&keyedParent{}, &keyedChild{}))
	})
}
