package erasure_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	walkPerson struct {
		Realm     string       `gorm:"primaryKey;size:20"`
		Number    int          `gorm:"primaryKey;autoIncrement:false"`
		Name      string       `pii:"fixed:-"`
		Letters   []walkLetter `gorm:"foreignKey:Realm,Number;references:Realm,Number"`
		Clubs     []walkClub   `gorm:"many2many:walk_members"`
		Friends   []walkFriend `gorm:"foreignKey:Realm,Number;references:Realm,Number" pii:"-"`
		DeletedAt gorm.DeletedAt
	}
	walkLetter struct {
		ID       uint
		Realm    string
		Number   int
		Text     string `pii:"null"`
		AnswerTo *uint
		Answers  []walkLetter `gorm:"foreignKey:AnswerTo"`
	}
	walkClub struct {
		ID   uint
		Name string
	}
	// walkMember is the join table, with a personal column of its own.
	walkMember struct {
		WalkPersonRealm  string `gorm:"primaryKey;size:20"`
		WalkPersonNumber int    `gorm:"primaryKey;autoIncrement:false"`
		WalkClubID       uint   `gorm:"primaryKey;autoIncrement:false"`
		Nickname         string `pii:"template:member-{id}"`
	}
	// walkFriend holds other persons' data.
	walkFriend struct {
		ID     uint
		Realm  string
		Number int
		Name   string `pii:"null"`
	}
)

func TestTheWalkToAPersonsRows(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := database.Open(t)
		require.NoError(t, db.SetupJoinTable(&walkPerson{}, "Clubs", &walkMember{}))
		models := []any{&walkPerson{}, &walkLetter{}, &walkClub{}, &walkMember{}, &walkFriend{}}
		require.NoError(t, db.Use(softdelete.New(softdelete.Config{Models: models})))
		require.NoError(t, db.AutoMigrate(append(softdelete.Tables(), models...)...))
		club := walkClub{Name: "chess"}
		require.NoError(t, db.Create(&club).Error)
		require.NoError(t, db.Create(&walkPerson{Realm: "x", Number: 9, Name: "correspondent"}).Error)
		// Keys that would be one text if they were joined without care.
		for _, p := range []walkPerson{{Realm: "a", Number: 1}, {Realm: "a", Number: 11}, {Realm: `a,1`, Number: 1}, {Realm: `a\`, Number: 1}} {
			p.Name, p.Clubs = "canary", []walkClub{club}
			p.Letters = []walkLetter{{Text: "canary"}}
			p.Friends = []walkFriend{{Name: "somebody else"}}
			require.NoError(t, db.Create(&p).Error)
			require.NoError(t, db.Model(&walkMember{}).Where("walk_person_realm = ? AND walk_person_number = ?", p.Realm, p.Number).
				Update("nickname", "canary").Error)
			// Letters answer each other in a circle.
			first := p.Letters[0]
			second := walkLetter{Realm: "x", Number: 9, Text: "canary", AnswerTo: &first.ID}
			require.NoError(t, db.Create(&second).Error)
			require.NoError(t, db.Model(&first).Update("answer_to", second.ID).Error)
		}
		left := func(table, column string) (n int64) {
			require.NoError(t, db.Table(table).Where(column+" = ?", "canary").Count(&n).Error)
			return n
		}
		for i, key := range []walkPerson{{Realm: `a,1`, Number: 1}, {Realm: "a", Number: 1}, {Realm: `a\`, Number: 1}} {
			certificate, err := softdelete.Erase(db, &key, softdelete.ErasureRequest{})
			require.NoError(t, err)
			require.EqualValues(t, 3-i, left("walk_people", "name"))
			require.EqualValues(t, 2*(3-i), left("walk_letters", "text"), "two letters, through the circle")
			require.EqualValues(t, 3-i, left("walk_members", "nickname"))
			require.NotEmpty(t, certificate.Tables)
		}
		var friends int64
		require.NoError(t, db.Model(&walkFriend{}).Where("name = ?", "somebody else").Count(&friends).Error)
		require.EqualValues(t, 4, friends, `pii:"-" on a relation leaves its rows out`)
		require.ErrorIs(t, db.Unscoped().Model(&walkPerson{Realm: `a\`, Number: 1}).Update("name", "canary").Error, softdelete.ErrErased)
		require.NoError(t, db.Model(&walkPerson{Realm: "a", Number: 11}).Update("name", "still there").Error)
	})
}

type walkTyped struct {
	ID      string     `gorm:"type:uuid;primaryKey"`
	Ref     string     `gorm:"type:uuid" pii:"random"`
	Address *string    `gorm:"type:inet" pii:"truncate:ip"`
	Data    string     `gorm:"type:jsonb" pii:"json:$.name"`
	Plain   string     `gorm:"type:json" pii:"json:$.name"`
	Born    time.Time  `gorm:"type:date" pii:"truncate:month"`
	Local   *time.Time `gorm:"type:timestamp" pii:"truncate:year"`
	Mail    string     `gorm:"type:varchar(60)" pii:"template:gone-{id}@x"`
	Blob    []byte     `pii:"zero"`
	Tags    []string   `gorm:"serializer:json" pii:"json:$[*]"`
	Numeric float64    `gorm:"type:numeric(10,2)" pii:"zero"`
	Yes     bool       `pii:"fixed:true"`
}

func TestMasksOfPostgresTypes(t *testing.T) {
	database := testdb.Postgres(t)
	db := fixture.Open(t, database, softdelete.Config{Models: []any{&walkTyped{}}})
	address, local := "198.51.100.7", time.Date(1999, 9, 9, 9, 9, 9, 0, time.UTC)
	row := walkTyped{
		ID: "6a1e0e0c-8f4e-4a3b-9a53-0a2f3c0d9e11", Ref: "6a1e0e0c-8f4e-4a3b-9a53-0a2f3c0d9e12", Address: &address,
		Data: `{"name":"canary","n":1}`, Plain: `{"name":"canary"}`, Born: local, Local: &local, Mail: "canary@x", Blob: []byte("canary"),
		Tags: []string{"canary", "b"}, Numeric: 12.5,
	}
	require.NoError(t, db.Create(&row).Error)
	_, err := softdelete.Erase(db, &walkTyped{ID: row.ID}, softdelete.ErasureRequest{})
	require.NoError(t, err)
	var after walkTyped
	require.NoError(t, db.First(&after, "id = ?", row.ID).Error)
	require.NotEqual(t, row.Ref, after.Ref)
	require.Contains(t, *after.Address, "198.51.100.0")
	require.JSONEq(t, `{"name":null,"n":1}`, after.Data)
	require.JSONEq(t, `{"name":null}`, after.Plain)
	require.Equal(t, "1999-09-01", after.Born.Format(time.DateOnly))
	require.Equal(t, "1999-01-01 00:00:00", after.Local.Format(time.DateTime))
	require.Equal(t, "gone-"+row.ID+"@x", after.Mail)
	require.Empty(t, after.Blob)
	require.Equal(t, []string{"", ""}, after.Tags)
	require.Zero(t, after.Numeric)
	require.True(t, after.Yes)
	after.Numeric = 0
	require.NoError(t, db.Save(&after).Error, "a row that was read after its erasure")
	require.ErrorIs(t, db.Save(&row).Error, softdelete.ErrErased)
}

type (
	gateOrg struct {
		ID        uint
		DeletedAt gorm.DeletedAt
		Users     []gateUser `gorm:"foreignKey:OrgID" softdelete:"cascade"`
	}
	gateUser struct {
		ID        uint
		OrgID     uint
		Name      string `pii:"null"`
		DeletedAt gorm.DeletedAt
		Logs      []gateLog `gorm:"foreignKey:UserID" softdelete:"cascade"`
	}
	gateLog struct {
		_      struct{} `softdelete:"never"`
		ID     uint
		UserID uint
		Text   string `pii:"null"`
	}
	gateHard struct {
		_    struct{} `softdelete:"hard"`
		ID   uint
		Name string `pii:"null"`
	}
)

func TestASubjectIsDeletedAsFarAsItsRulesAllow(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{Models: []any{&gateOrg{}, &gateUser{}, &gateLog{}, &gateHard{}}})
		org := gateOrg{Users: []gateUser{{Name: "a", Logs: []gateLog{{Text: "x"}}}, {Name: "b"}}}
		require.NoError(t, db.Create(&org).Error)
		hard := gateHard{Name: "c"}
		require.NoError(t, db.Create(&hard).Error)

		t.Run("rows of a never model under it are masked and stay", func(t *testing.T) {
			require.ErrorIs(t, db.Delete(&org.Users[0]).Error, softdelete.ErrNeverDelete)
			_, err := softdelete.Erase(db, &org.Users[0], softdelete.ErasureRequest{})
			require.NoError(t, err)
			var logs []gateLog
			require.NoError(t, db.Find(&logs).Error)
			require.Len(t, logs, 1)
			require.Empty(t, logs[0].Text)
			require.ErrorIs(t, db.First(&gateUser{}, org.Users[0].ID).Error, gorm.ErrRecordNotFound)
		})
		t.Run("a hard or never model's row is masked only", func(t *testing.T) {
			_, err := softdelete.Erase(db, &hard, softdelete.ErasureRequest{})
			require.NoError(t, err)
			var after gateHard
			require.NoError(t, db.First(&after, hard.ID).Error)
			require.Empty(t, after.Name)
			_, err = softdelete.Erase(db, &gateLog{ID: org.Users[0].Logs[0].ID}, softdelete.ErasureRequest{})
			require.NoError(t, err)
		})
		t.Run("a parent does not bring an erased row back with it", func(t *testing.T) {
			require.NoError(t, db.Delete(&gateOrg{ID: org.ID}).Error)
			_, err := softdelete.Erase(db, &org.Users[1], softdelete.ErasureRequest{})
			require.NoError(t, err, "a deleted row")
			report, err := softdelete.Restore(db, &gateOrg{ID: org.ID})
			require.NoError(t, err)
			require.Contains(t, report.Effects, softdelete.Effect{
				Table: "gate_users", Relation: "Users", Parent: "gate_orgs", Action: softdelete.ActionSkipped, Rows: 1,
			})
			require.NoError(t, db.First(&gateOrg{}, org.ID).Error)
			require.ErrorIs(t, db.First(&gateUser{}, org.Users[1].ID).Error, gorm.ErrRecordNotFound)
		})
	})
}
