package rules_test

import (
	"testing"

	"gorm.io/gorm"
)

// rulA and what is under it: has-many with integer keys.
type rulA struct {
	ID        uint
	DeletedAt gorm.DeletedAt
	Children  []rulAChild   `gorm:"foreignKey:ParentID" softdelete:"cascade"`
	Blockers  []rulABlocker `gorm:"foreignKey:ParentID" softdelete:"block"`
}

type rulAChild struct {
	ID, ParentID uint
	DeletedAt    gorm.DeletedAt
}

type rulABlocker rulAChild

// rulB has one of each, by pointers, with a key that may be NULL.
type rulB struct {
	ID        int64
	DeletedAt *gorm.DeletedAt
	Child     *rulBChild   `gorm:"foreignKey:ParentID" softdelete:"cascade"`
	Blocker   *rulBBlocker `gorm:"foreignKey:ParentID" softdelete:"block"`
}

type rulBChild struct {
	ID        int64
	ParentID  *int64
	DeletedAt *gorm.DeletedAt
}

type rulBBlocker rulBChild

// rulC owns rows of a polymorphic relation.
type rulC struct {
	ID        uint
	DeletedAt gorm.DeletedAt
	Children  []rulCChild   `gorm:"polymorphic:Owner" softdelete:"cascade"`
	Blockers  []rulCBlocker `gorm:"polymorphic:Owner;polymorphicValue:it's 100% C" softdelete:"block"`
}

type rulCChild struct {
	ID        uint
	OwnerID   uint
	OwnerType string
	DeletedAt gorm.DeletedAt
}

type rulCBlocker rulCChild

// rulD has an integer key that a polymorphic relation keeps as text.
type rulD struct {
	ID        uint
	DeletedAt gorm.DeletedAt
	Child     rulDChild     `gorm:"polymorphicType:Kind;polymorphicId:Owner" softdelete:"cascade"`
	Blockers  []rulDBlocker `gorm:"polymorphicType:Kind;polymorphicId:Owner" softdelete:"block"`
}

type rulDChild struct {
	ID          uint
	Owner, Kind string
	DeletedAt   gorm.DeletedAt
}

type rulDBlocker rulDChild

// rulE is linked to other rows; deleting it deletes the links.
type rulE struct {
	ID        uint
	DeletedAt gorm.DeletedAt
	Tags      []rulETag     `gorm:"many2many:rul_e_links;foreignKey:ID;joinForeignKey:EID;references:ID;joinReferences:TagID" softdelete:"cascade"`
	Blockers  []rulEBlocker `gorm:"foreignKey:EID" softdelete:"block"`
}

type rulETag struct{ ID uint }

type rulELink struct {
	EID       uint `gorm:"primaryKey"`
	TagID     uint `gorm:"primaryKey"`
	DeletedAt gorm.DeletedAt
}

func (rulELink) TableName() string { return "rul_e_links" }

type rulEBlocker struct {
	ID, EID   uint
	DeletedAt gorm.DeletedAt
}

// rulF is linked to rows of its own kind; its links also block, by another join table.
type rulF struct {
	ID        uint
	DeletedAt gorm.DeletedAt
	Friends   []rulF `gorm:"many2many:rul_f_friends;joinForeignKey:FID;joinReferences:FriendID" softdelete:"cascade"`
	Debtors   []rulF `gorm:"many2many:rul_f_debtors;joinForeignKey:FID;joinReferences:DebtorID" softdelete:"block"`
}

type rulFFriend struct {
	FID       uint `gorm:"primaryKey"`
	FriendID  uint `gorm:"primaryKey"`
	DeletedAt gorm.DeletedAt
}

func (rulFFriend) TableName() string { return "rul_f_friends" }

type rulFDebtor struct {
	FID       uint `gorm:"primaryKey"`
	DebtorID  uint `gorm:"primaryKey"`
	DeletedAt gorm.DeletedAt
}

func (rulFDebtor) TableName() string { return "rul_f_debtors" }

func rulJoin(model any, field string, join any) func(*testing.T, *gorm.DB) {
	return func(t *testing.T, db *gorm.DB) {
		t.Helper()
		if err := db.SetupJoinTable(model, field, join); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRulesOnRelations(t *testing.T) {
	t.Run("has-many", func(t *testing.T) { rulObeys(t, rulUnder[rulA, rulAChild, rulABlocker]()) })
	t.Run("has-one, by pointers", func(t *testing.T) {
		one, two := int64(-1), int64(1<<62)
		rulObeys(t, rulShape[rulB, rulBChild, rulBBlocker]{
			parents: [2]rulB{{ID: one}, {ID: two}},
			children: [4]rulBChild{
				{ID: 1, ParentID: &one}, {ID: 2, ParentID: &one}, {ID: 3, ParentID: &one}, {ID: 4, ParentID: &two},
			},
			blocker: rulBBlocker{ID: 5, ParentID: &one}, relation: "Child", blocking: "Blocker",
		})
	})
	t.Run("polymorphic has-many", func(t *testing.T) {
		rulObeys(t, rulShape[rulC, rulCChild, rulCBlocker]{
			parents: [2]rulC{{ID: 1}, {ID: 2}},
			children: [4]rulCChild{
				{ID: 1, OwnerID: 1, OwnerType: "rul_cs"},
				{ID: 2, OwnerID: 1, OwnerType: "rul_cs"},
				{ID: 3, OwnerID: 1, OwnerType: "rul_cs"},
				{ID: 4, OwnerID: 2, OwnerType: "rul_cs"},
			},
			blocker: rulCBlocker{ID: 5, OwnerID: 1, OwnerType: "it's 100% C"}, relation: "Children", blocking: "Blockers",
		})
	})
	t.Run("polymorphic, with the key as text", func(t *testing.T) {
		rulObeys(t, rulShape[rulD, rulDChild, rulDBlocker]{
			parents: [2]rulD{{ID: 1}, {ID: 12}},
			children: [4]rulDChild{
				{ID: 1, Owner: "1", Kind: "rul_ds"},
				{ID: 2, Owner: "1", Kind: "rul_ds"},
				{ID: 3, Owner: "1", Kind: "rul_ds"},
				{ID: 4, Owner: "12", Kind: "rul_ds"},
			},
			blocker: rulDBlocker{ID: 5, Owner: "1", Kind: "rul_ds"}, relation: "Child", blocking: "Blockers",
		})
	})
	t.Run("many2many", func(t *testing.T) {
		rulObeys(t, rulShape[rulE, rulELink, rulEBlocker]{
			parents:  [2]rulE{{ID: 1}, {ID: 2}},
			children: [4]rulELink{{EID: 1, TagID: 1}, {EID: 1, TagID: 2}, {EID: 1, TagID: 3}, {EID: 2, TagID: 1}},
			blocker:  rulEBlocker{ID: 5, EID: 1}, relation: "Tags", blocking: "Blockers", further: []any{&rulETag{}},
			before: func(t *testing.T, db *gorm.DB) {
				rulJoin(&rulE{}, "Tags", &rulELink{})(t, db)
				// The links' foreign keys want their tags first.
				if err := db.AutoMigrate(&rulETag{}); err != nil {
					t.Fatal(err)
				}
				if err := db.Create(&[]rulETag{{1}, {2}, {3}}).Error; err != nil {
					t.Fatal(err)
				}
			},
		})
	})
	t.Run("many2many among rows of one model", func(t *testing.T) {
		rulObeys(t, rulShape[rulF, rulFFriend, rulFDebtor]{
			parents:  [2]rulF{{ID: 1}, {ID: 2}},
			children: [4]rulFFriend{{FID: 1, FriendID: 1}, {FID: 1, FriendID: 2}, {FID: 1, FriendID: 3}, {FID: 2, FriendID: 3}},
			blocker:  rulFDebtor{FID: 1, DebtorID: 2}, relation: "Friends", blocking: "Debtors",
			before: func(t *testing.T, db *gorm.DB) {
				rulJoin(&rulF{}, "Friends", &rulFFriend{})(t, db)
				rulJoin(&rulF{}, "Debtors", &rulFDebtor{})(t, db)
				if err := db.AutoMigrate(&rulF{}); err != nil {
					t.Fatal(err)
				}
				if err := db.Create(&rulF{ID: 3}).Error; err != nil {
					t.Fatal(err)
				}
			},
		})
	})
}
