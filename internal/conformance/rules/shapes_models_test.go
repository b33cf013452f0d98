package rules_test

import (
	"database/sql"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete"
)

type rulePicture struct {
	ID        uint
	OwnerID   uint
	OwnerType string
	DeletedAt gorm.DeletedAt
}

type ruleGallery struct {
	ID        uint
	DeletedAt gorm.DeletedAt
	Pictures  []rulePicture `gorm:"polymorphic:Owner" softdelete:"cascade"`
	Cover     *rulePicture  `gorm:"polymorphic:Owner;polymorphicValue:cover" softdelete:"cascade"`
}

type ruleTextOwned struct {
	ID        uint
	OwnerID   string
	OwnerType string
	DeletedAt gorm.DeletedAt
}

type ruleTextOwner struct {
	ID        uint
	DeletedAt gorm.DeletedAt
	Things    []ruleTextOwned `gorm:"polymorphic:Owner" softdelete:"cascade"`
}

type rulePage struct {
	BookShelf  string `gorm:"primaryKey"`
	BookNo     int    `gorm:"primaryKey;autoIncrement:false"`
	Number     int    `gorm:"primaryKey;autoIncrement:false"`
	DeletedAt  gorm.DeletedAt
	DeletionID softdelete.DeletionID
}

type ruleBook struct {
	Shelf     string `gorm:"primaryKey"`
	No        int    `gorm:"primaryKey;autoIncrement:false"`
	DeletedAt gorm.DeletedAt
	Pages     []rulePage `gorm:"foreignKey:BookShelf,BookNo;references:Shelf,No" softdelete:"cascade"`
}

type ruleCity struct {
	ID          string `gorm:"primaryKey"`
	CountryCode *string
	DeletedAt   gorm.DeletedAt
}

type ruleCountry struct {
	ID        string `gorm:"primaryKey"`
	Code      string `gorm:"uniqueIndex"`
	DeletedAt gorm.DeletedAt
	Cities    []*ruleCity `gorm:"foreignKey:CountryCode;references:Code" softdelete:"cascade"`
}

type ruleTable struct {
	From  uint       `gorm:"primaryKey"`
	Group *uint      `gorm:"column:group"`
	Where *time.Time `gorm:"column:where" softdelete:"timestamp"`
}

func (ruleTable) TableName() string { return "table" }

type ruleSelect struct {
	Select uint         `gorm:"primaryKey;column:select"`
	Order  sql.NullTime `gorm:"column:order" softdelete:"timestamp"`
	Tables []ruleTable  `gorm:"foreignKey:Group;references:Select" softdelete:"cascade"`
}

func (ruleSelect) TableName() string { return "user" }

type ruleNamedChild struct {
	Key    uint                  `gorm:"primaryKey;column:The Key"`
	Up     uint                  `gorm:"column:Über"`
	Gone   bool                  `gorm:"column:is-gone" softdelete:"flag"`
	MarkID softdelete.DeletionID `gorm:"column:Mark ID"`
}

func (ruleNamedChild) TableName() string { return "Named Children" }

type ruleNamed struct {
	Key      uint                  `gorm:"primaryKey;column:The Key"`
	State    string                `gorm:"column:STATE" softdelete:"status"`
	MarkID   softdelete.DeletionID `gorm:"column:Mark ID"`
	Children []ruleNamedChild      `gorm:"foreignKey:Up;references:Key" softdelete:"cascade"`
}

func (ruleNamed) TableName() string { return "Named-Parents" }

type ruleBase struct {
	ID         uint
	DeletedAt  gorm.DeletedAt
	DeletionID softdelete.DeletionID
}

type ruleLink struct{ PersonID uint }

type ruleKid struct {
	Base ruleBase  `gorm:"embedded;embeddedPrefix:base_"`
	Link *ruleLink `gorm:"embedded;embeddedPrefix:link_"`
}

type ruleFamily struct {
	Kids []ruleKid `gorm:"foreignKey:PersonID;references:ID" softdelete:"cascade"`
}

type rulePerson struct {
	Base   ruleBase   `gorm:"embedded;embeddedPrefix:base_"`
	Family ruleFamily `gorm:"embedded"`
}

type ruleTree struct {
	ID        uint
	ParentID  *uint
	DeletedAt gorm.DeletedAt
	Children  []*ruleTree `gorm:"foreignKey:ParentID" softdelete:"cascade"`
}

// Six models under each other.
type (
	ruleLevel1 struct {
		ID        uint
		DeletedAt gorm.DeletedAt
		Below     []ruleLevel2 `gorm:"foreignKey:UpID" softdelete:"cascade"`
	}
	ruleLevel2 struct {
		ID, UpID  uint
		DeletedAt gorm.DeletedAt
		Below     []ruleLevel3 `gorm:"foreignKey:UpID" softdelete:"cascade"`
	}
	ruleLevel3 struct {
		ID, UpID  uint
		DeletedAt gorm.DeletedAt
		Below     []ruleLevel4 `gorm:"foreignKey:UpID" softdelete:"cascade"`
	}
	ruleLevel4 struct {
		ID, UpID  uint
		DeletedAt gorm.DeletedAt
		Below     []ruleLevel5 `gorm:"foreignKey:UpID" softdelete:"cascade"`
	}
	ruleLevel5 struct {
		ID, UpID  uint
		DeletedAt gorm.DeletedAt
		Below     []ruleLevel6 `gorm:"foreignKey:UpID" softdelete:"cascade"`
	}
	ruleLevel6 struct {
		ID, UpID  uint
		DeletedAt gorm.DeletedAt
	}
)

// ruleNamer puts the tables of models that ask it into another schema.
type ruleNamer struct {
	schema.NamingStrategy
	other string
}

func ruleOther(namer schema.Namer, table string) string { return namer.(ruleNamer).other + "." + table }

type ruleAbroadThing struct {
	ID, OwnerID uint
	DeletedAt   gorm.DeletedAt
}

func (ruleAbroadThing) TableName(namer schema.Namer) string { return ruleOther(namer, "things") }

type ruleAbroad struct {
	ID        uint
	ParentID  *uint
	DeletedAt gorm.DeletedAt
	Below     []ruleAbroad      `gorm:"foreignKey:ParentID" softdelete:"cascade"`
	Things    []ruleAbroadThing `gorm:"foreignKey:OwnerID" softdelete:"cascade"`
}

func (ruleAbroad) TableName(namer schema.Namer) string { return ruleOther(namer, "owners") }

type ruleShape struct {
	name   string
	models []any
	rows   []any
	root   any
	// effects are those of the deletion of root, per "table relation"; the root's relation is empty.
	effects []string
}

func rulePtr[T any](v T) *T { return &v }

func ruleShapes() []ruleShape {
	one, two, three := rulePtr(uint(1)), rulePtr(uint(2)), rulePtr(uint(3))
	return []ruleShape{
		{
			"polymorphic with an integer owner",
			[]any{&ruleGallery{}, &rulePicture{}},
			[]any{
				&ruleGallery{ID: 1}, &ruleGallery{ID: 2},
				&[]rulePicture{
					{ID: 1, OwnerID: 1, OwnerType: "rule_galleries"},
					{ID: 2, OwnerID: 1, OwnerType: "cover"},
					{ID: 3, OwnerID: 1, OwnerType: "elsewhere"},
					{ID: 4, OwnerID: 2, OwnerType: "rule_galleries"},
				},
			},
			&ruleGallery{ID: 1},
			[]string{"rule_galleries  1", "rule_pictures Pictures 1", "rule_pictures Cover 1"},
		},
		{
			"polymorphic with a text owner of an integer key",
			[]any{&ruleTextOwner{}, &ruleTextOwned{}},
			[]any{
				&ruleTextOwner{ID: 1}, &ruleTextOwner{ID: 11},
				&[]ruleTextOwned{{ID: 1, OwnerID: "1", OwnerType: "rule_text_owners"}, {ID: 2, OwnerID: "11", OwnerType: "rule_text_owners"}},
			},
			&ruleTextOwner{ID: 1},
			[]string{"rule_text_owners  1", "rule_text_owneds Things 1"},
		},
		{
			"composite keys",
			[]any{&ruleBook{}, &rulePage{}},
			[]any{&[]ruleBook{
				{Shelf: "a", No: 1, Pages: []rulePage{{Number: 1}, {Number: 2}}},
				{Shelf: "a", No: 2, Pages: []rulePage{{Number: 1}}},
				{Shelf: "b", No: 1, Pages: []rulePage{{Number: 1}}},
			}},
			&ruleBook{Shelf: "a", No: 1},
			[]string{"rule_books  1", "rule_pages Pages 2"},
		},
		{
			"string keys, and references to a column that is not the key",
			[]any{&ruleCountry{}, &ruleCity{}},
			[]any{
				&[]ruleCountry{{ID: "x", Code: "ch", Cities: []*ruleCity{{ID: "bern"}, {ID: "chur"}}}, {ID: "ch", Code: "x", Cities: []*ruleCity{{ID: "y"}}}},
				&ruleCity{ID: "nowhere"},
			},
			&ruleCountry{ID: "x"},
			[]string{"rule_countries  1", "rule_cities Cities 2"},
		},
		{
			"reserved words as names",
			[]any{&ruleSelect{}, &ruleTable{}},
			[]any{&[]ruleSelect{{Select: 1, Tables: []ruleTable{{From: 1}, {From: 2}}}, {Select: 2, Tables: []ruleTable{{From: 3}}}}},
			&ruleSelect{Select: 1},
			[]string{"user  1", "table Tables 2"},
		},
		{
			"custom column and table names, a flag under a status",
			[]any{&ruleNamed{}, &ruleNamedChild{}},
			[]any{&[]ruleNamed{
				{Key: 1, State: "busy", Children: []ruleNamedChild{{Key: 1}, {Key: 2}}},
				{Key: 2, State: "idle", Children: []ruleNamedChild{{Key: 3}}},
			}},
			&ruleNamed{Key: 1},
			[]string{"Named-Parents  1", "Named Children Children 2"},
		},
		{
			"embedded structs with a prefix, and a relation in one",
			[]any{&rulePerson{}, &ruleKid{}},
			[]any{
				&[]rulePerson{{Base: ruleBase{ID: 1}}, {Base: ruleBase{ID: 2}}},
				&[]ruleKid{
					{Base: ruleBase{ID: 1}, Link: &ruleLink{1}}, {Base: ruleBase{ID: 2}, Link: &ruleLink{1}}, {Base: ruleBase{ID: 3}, Link: &ruleLink{2}},
				},
			},
			&rulePerson{Base: ruleBase{ID: 1}},
			[]string{"rule_people  1", "rule_kids Kids 2"},
		},
		{
			"a self-reference, with a row that is its own parent and a ring",
			[]any{&ruleTree{}},
			[]any{&[]ruleTree{{ID: 1, ParentID: three}, {ID: 2, ParentID: one}, {ID: 3, ParentID: two}, {ID: 4, ParentID: rulePtr(uint(4))}, {ID: 5, ParentID: one}}},
			&ruleTree{ID: 1},
			[]string{"rule_trees  1", "rule_trees Children 3"},
		},
		{
			"a cycle over two models",
			[]any{&rulFirm{}, &rulOwner{}},
			[]any{
				&[]rulFirm{{ID: 1}, {ID: 2, OwnerID: one}, {ID: 3, OwnerID: two}, {ID: 4}},
				&[]rulOwner{{ID: 1, FirmID: one}, {ID: 2, FirmID: two}, {ID: 3, FirmID: rulePtr(uint(4))}},
			},
			&rulFirm{ID: 1},
			[]string{"rul_firms  1", "rul_owners Owners 2", "rul_firms Firms 2"},
		},
		{
			"a cycle over three models that closes",
			[]any{&rulRock{}, &rulPaper{}, &rulScissors{}},
			[]any{
				&[]rulRock{{ID: 1, ScissorsID: two}, {ID: 2, ScissorsID: one}, {ID: 3, ScissorsID: three}},
				&[]rulPaper{{ID: 1, RockID: one}, {ID: 2, RockID: two}, {ID: 3, RockID: three}},
				&[]rulScissors{{ID: 1, PaperID: one}, {ID: 2, PaperID: two}, {ID: 3, PaperID: three}},
			},
			&rulRock{ID: 1},
			[]string{"rul_rocks  1", "rul_papers Papers 2", "rul_scissors Scissors 2", "rul_rocks Rocks 1"},
		},
		{
			"a diamond",
			[]any{&rulTop{}, &rulLeft{}, &rulRight{}, &rulBottom{}},
			[]any{
				&[]rulTop{{ID: 1}, {ID: 2}}, &[]rulLeft{{ID: 1, TopID: 1}, {ID: 2, TopID: 2}}, &[]rulRight{{ID: 1, TopID: 1}, {ID: 2, TopID: 2}},
				&[]rulBottom{{ID: 1, LeftID: one, RightID: one}, {ID: 2, LeftID: one}, {ID: 3, RightID: one}, {ID: 4, LeftID: two, RightID: two}, {ID: 5}},
			},
			&rulTop{ID: 1},
			[]string{"rul_tops  1", "rul_lefts Lefts 1", "rul_rights Rights 1", "rul_bottoms Bottoms 2", "rul_bottoms Bottoms 1"},
		},
		{
			"six models deep",
			[]any{&ruleLevel1{}, &ruleLevel2{}, &ruleLevel3{}, &ruleLevel4{}, &ruleLevel5{}, &ruleLevel6{}},
			[]any{
				&[]ruleLevel1{{ID: 1}, {ID: 2}}, &[]ruleLevel2{{ID: 1, UpID: 1}, {ID: 2, UpID: 2}}, &[]ruleLevel3{{ID: 1, UpID: 1}, {ID: 2, UpID: 2}},
				&[]ruleLevel4{{ID: 1, UpID: 1}, {ID: 2, UpID: 2}}, &[]ruleLevel5{{ID: 1, UpID: 1}, {ID: 2, UpID: 2}}, &[]ruleLevel6{{ID: 1, UpID: 1}, {ID: 2, UpID: 2}},
			},
			&ruleLevel1{ID: 1},
			[]string{"rule_level1  1", "rule_level2 Below 1", "rule_level3 Below 1", "rule_level4 Below 1", "rule_level5 Below 1", "rule_level6 Below 1"},
		},
	}
}
