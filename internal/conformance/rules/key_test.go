package rules_test

import (
	"crypto/rand"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

// rulG has a key of two columns, one of them text.
type rulG struct {
	Tenant    string `gorm:"primaryKey"`
	Number    int    `gorm:"primaryKey;autoIncrement:false"`
	DeletedAt gorm.DeletedAt
	Children  []rulGChild   `gorm:"foreignKey:ParentTenant,ParentNumber;references:Tenant,Number" softdelete:"cascade"`
	Blockers  []rulGBlocker `gorm:"foreignKey:ParentTenant,ParentNumber;references:Tenant,Number" softdelete:"block"`
}

type rulGChild struct {
	Tenant       string `gorm:"primaryKey"`
	Number       int    `gorm:"primaryKey;autoIncrement:false"`
	ParentTenant *string
	ParentNumber *int
	DeletedAt    gorm.DeletedAt
}

type rulGBlocker rulGChild

// rulH has keys of text.
type rulH struct {
	ID        string
	DeletedAt gorm.DeletedAt
	Children  []rulHChild   `gorm:"foreignKey:ParentID" softdelete:"cascade"`
	Blockers  []rulHBlocker `gorm:"foreignKey:ParentID" softdelete:"block"`
}

type rulHChild struct {
	ID, ParentID string
	DeletedAt    gorm.DeletedAt
}

type rulHBlocker rulHChild

// rulI has keys of the database's type for UUIDs, and polymorphic children that keep them as text.
type rulI struct {
	ID        string `gorm:"type:uuid"`
	DeletedAt gorm.DeletedAt
	Children  []rulIChild   `gorm:"polymorphic:Owner" softdelete:"cascade"`
	Blockers  []rulIBlocker `gorm:"foreignKey:ParentID" softdelete:"block"`
}

type rulIChild struct {
	ID                 string `gorm:"type:uuid"`
	OwnerID, OwnerType string
	DeletedAt          gorm.DeletedAt
}

type rulIBlocker struct {
	ID        string `gorm:"type:uuid"`
	ParentID  string `gorm:"type:uuid"`
	DeletedAt gorm.DeletedAt
}

// rulJ is referred to by a column that is not its primary key.
type rulJ struct {
	ID        uint
	Code      string `gorm:"uniqueIndex" softdelete:"full"`
	DeletedAt gorm.DeletedAt
	Children  []rulJChild   `gorm:"foreignKey:ParentCode;references:Code" softdelete:"cascade"`
	Blockers  []rulJBlocker `gorm:"foreignKey:ParentCode;references:Code" softdelete:"block"`
}

type rulJChild struct {
	ID         uint
	ParentCode string
	DeletedAt  gorm.DeletedAt
}

type rulJBlocker rulJChild

// rulK has reserved words, capitals and spaces as names.
type rulK struct {
	Key       uint           `gorm:"column:select;primaryKey"`
	DeletedAt gorm.DeletedAt `gorm:"column:where"`
	Children  []rulKChild    `gorm:"foreignKey:Parent" softdelete:"cascade"`
	Blockers  []rulKBlocker  `gorm:"foreignKey:Parent" softdelete:"block"`
}

func (rulK) TableName() string { return "order" }

type rulKChild struct {
	Key    uint  `gorm:"column:From;primaryKey"`
	Parent uint  `gorm:"column:group by"`
	Gone   bool  `gorm:"column:NOT" softdelete:"flag"`
	When   int64 `gorm:"column:time when;not null" softdelete:"at;unit:us"`
}

func (rulKChild) TableName() string { return "User Rows" }

type rulKBlocker struct {
	Key       uint `gorm:"column:union;primaryKey"`
	Parent    uint `gorm:"column:table"`
	DeletedAt gorm.DeletedAt
}

func (rulKBlocker) TableName() string { return "join" }

// RulBase and RulUnder are embedded.
type RulBase struct {
	ID      uint
	Removal struct {
		At gorm.DeletedAt
		ID softdelete.DeletionID
	} `gorm:"embedded;embeddedPrefix:removal_"`
}

type RulUnder struct {
	ParentID uint
}

// rulL and its children are made of embedded structs, by value and by pointer.
type rulL struct {
	RulBase
	Children []*rulLChild `gorm:"foreignKey:ParentID" softdelete:"cascade"`
	Blockers *rulLBlocker `gorm:"foreignKey:ParentID" softdelete:"block"`
}

type rulLChild struct {
	*RulBase
	Under *RulUnder `gorm:"embedded;embeddedPrefix:under_"`
}

type rulLBlocker struct {
	Base  RulBase  `gorm:"embedded"`
	Under RulUnder `gorm:"embedded;embeddedPrefix:under_"`
}

func TestRulesOnKeys(t *testing.T) {
	t.Run("composite keys, some of them NULL", func(t *testing.T) {
		a, b, one := "a", "b", 1
		shape := rulShape[rulG, rulGChild, rulGBlocker]{
			parents: [2]rulG{{Tenant: a, Number: 1}, {Tenant: b, Number: 1}},
			children: [4]rulGChild{
				{Tenant: a, Number: 1, ParentTenant: &a, ParentNumber: &one},
				{Tenant: b, Number: 1, ParentTenant: &a, ParentNumber: &one},
				{Tenant: a, Number: 2, ParentTenant: &a, ParentNumber: &one},
				{Tenant: b, Number: 2, ParentTenant: &b, ParentNumber: &one},
			},
			blocker: rulGBlocker{Tenant: a, Number: 7, ParentTenant: &a, ParentNumber: &one}, relation: "Children", blocking: "Blockers",
		}
		rulObeys(t, shape)
		testdb.Each(t, func(t *testing.T, database *testdb.Database) {
			db := shape.open(t, database)
			require.NoError(t, db.Create(&rulGChild{Tenant: "c", ParentTenant: &a}).Error)
			require.NoError(t, db.Delete(rulCopy(shape.parents)).Error)
			require.Equal(t, []string{"c,0"}, rulKeys[rulGChild](t, db), "half a key refers to no row")
		})
	})
	t.Run("text keys", func(t *testing.T) {
		odd, other := `it's 100%, "a"?`, "$1 @name\n"
		rulObeys(t, rulShape[rulH, rulHChild, rulHBlocker]{
			parents:  [2]rulH{{ID: odd}, {ID: other}},
			children: [4]rulHChild{{ID: "1", ParentID: odd}, {ID: odd, ParentID: odd}, {ID: other, ParentID: odd}, {ID: "é", ParentID: other}},
			blocker:  rulHBlocker{ID: odd, ParentID: odd}, relation: "Children", blocking: "Blockers",
		})
	})
	t.Run("UUIDs", func(t *testing.T) {
		one, two := "018f4e2a-0000-7000-8000-000000000001", "018f4e2a-0000-7000-8000-000000000002"
		three, four := "018f4e2a-0000-7000-8000-000000000003", "ffffffff-ffff-ffff-ffff-ffffffffffff"
		rulObeys(t, rulShape[rulI, rulIChild, rulIBlocker]{
			parents: [2]rulI{{ID: one}, {ID: two}},
			children: [4]rulIChild{
				{ID: one, OwnerID: one, OwnerType: "rul_is"},
				{ID: two, OwnerID: one, OwnerType: "rul_is"},
				{ID: three, OwnerID: one, OwnerType: "rul_is"},
				{ID: four, OwnerID: two, OwnerType: "rul_is"},
			},
			blocker: rulIBlocker{ID: four, ParentID: one}, relation: "Children", blocking: "Blockers",
		})
	})
	t.Run("references to a column that is no key", func(t *testing.T) {
		rulObeys(t, rulShape[rulJ, rulJChild, rulJBlocker]{
			parents:  [2]rulJ{{ID: 1, Code: "2"}, {ID: 2, Code: "1"}},
			children: [4]rulJChild{{ID: 1, ParentCode: "2"}, {ID: 2, ParentCode: "2"}, {ID: 3, ParentCode: "2"}, {ID: 4, ParentCode: "1"}},
			blocker:  rulJBlocker{ID: 5, ParentCode: "2"}, relation: "Children", blocking: "Blockers",
		})
	})
	t.Run("reserved words as names", func(t *testing.T) {
		rulObeys(t, rulShape[rulK, rulKChild, rulKBlocker]{
			parents:  [2]rulK{{Key: 1}, {Key: 2}},
			children: [4]rulKChild{{Key: 1, Parent: 1}, {Key: 2, Parent: 1}, {Key: 3, Parent: 1}, {Key: 4, Parent: 2}},
			blocker:  rulKBlocker{Key: 5, Parent: 1}, relation: "Children", blocking: "Blockers",
		})
	})
	t.Run("embedded structs with prefixes", func(t *testing.T) {
		child := func(id, parent uint) rulLChild {
			return rulLChild{RulBase: &RulBase{ID: id}, Under: &RulUnder{ParentID: parent}}
		}
		testdb.Each(t, func(t *testing.T, database *testdb.Database) {
			// Made anew for each database, since a deletion writes behind the pointers.
			rulShape[rulL, rulLChild, rulLBlocker]{
				parents:  [2]rulL{{RulBase: RulBase{ID: 1}}, {RulBase: RulBase{ID: 2}}},
				children: [4]rulLChild{child(1, 1), child(2, 1), child(3, 1), child(4, 2)},
				blocker:  rulLBlocker{Base: RulBase{ID: 5}, Under: RulUnder{ParentID: 1}}, relation: "Children", blocking: "Blockers",
			}.obeysOn(t, database)
		})
	})
}

// rulOrder and its rows have names without a schema, which the naming strategy adds.
type rulOrder struct {
	ID        uint
	DeletedAt gorm.DeletedAt
	Children  []rulThing    `gorm:"foreignKey:ParentID" softdelete:"cascade"`
	Blockers  []rulMBlocker `gorm:"foreignKey:ParentID" softdelete:"block"`
}

type rulThing struct {
	ID, ParentID uint
	Name         string `gorm:"uniqueIndex"`
	DeletedAt    gorm.DeletedAt
}

type rulMBlocker struct {
	ID, ParentID uint
	DeletedAt    gorm.DeletedAt
}

func TestRulesInAnotherSchema(t *testing.T) {
	name := "rules_" + strings.ToLower(rand.Text())
	shape := rulShape[rulOrder, rulThing, rulMBlocker]{
		parents: [2]rulOrder{{ID: 1}, {ID: 2}},
		children: [4]rulThing{
			{ID: 1, ParentID: 1, Name: "a"}, {ID: 2, ParentID: 1, Name: "b"}, {ID: 3, ParentID: 1, Name: "c"}, {ID: 4, ParentID: 2, Name: "d"},
		},
		blocker: rulMBlocker{ID: 5, ParentID: 1}, relation: "Children", blocking: "Blockers",
		config: gorm.Config{NamingStrategy: schema.NamingStrategy{TablePrefix: name + "."}},
		before: func(t *testing.T, db *gorm.DB) {
			require.NoError(t, db.Exec("CREATE SCHEMA "+name).Error)
			t.Cleanup(func() { require.NoError(t, db.Exec("DROP SCHEMA "+name+" CASCADE").Error) })
		},
	}
	// SQLite has no schemas beside attached files.
	t.Run("postgres", func(t *testing.T) { shape.obeysOn(t, testdb.Postgres(t)) })
}
