package erasure_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

type (
	loggedPerson struct {
		ID        uint
		CreatedAt time.Time
		Name      string     `pii:"fixed:[erased]"`
		Email     string     `gorm:"uniqueIndex" pii:"template:gone-{id}"`
		Phone     *string    `pii:"null"`
		Token     []byte     `pii:"zero"`
		Born      *time.Time `pii:"truncate:year"`
		Address   string     `pii:"truncate:ip"`
		Code      string     `pii:"hmac"`
		Profile   string     `pii:"json:$.name"`
		VAT       string     `pii:"keep;basis:law"`
		Plan      string
		Big       int64
		DeletedBy string         `softdelete:"actor" pii:"-"`
		Why       *string        `softdelete:"reason" pii:"-"`
		DeletedAt gorm.DeletedAt `softdelete:"events"`
		Orders    []loggedOrder  `gorm:"foreignKey:PersonID" softdelete:"cascade"`
		Visits    []loggedVisit  `gorm:"foreignKey:PersonID"`
		Notes     []loggedNote   `gorm:"foreignKey:PersonID"`
		Lines     []loggedLine   `gorm:"polymorphic:Owner"`
	}
	// loggedOrder has nothing personal, but for who deleted it and why.
	loggedOrder struct {
		ID        uint
		PersonID  uint
		Amount    int
		Actor     string         `softdelete:"actor" pii:"-"`
		DeletedAt gorm.DeletedAt `softdelete:"events"`
	}
	loggedVisit struct {
		_        struct{} `softdelete:"events" pii:"delete"`
		ID       uint
		PersonID uint
		Page     string
	}
	// loggedNote is removed by Delete; its log is all that is left then.
	loggedNote struct {
		_        struct{} `softdelete:"events"`
		ID       uint
		PersonID uint
		Text     string         `pii:"hmac"`
		Answers  []loggedAnswer `gorm:"foreignKey:NoteID"`
	}
	loggedAnswer struct {
		_      struct{} `softdelete:"events"`
		ID     uint
		NoteID uint
		Text   string `pii:"null"`
	}
	loggedLine struct {
		_         struct{} `softdelete:"events"`
		Realm     string   `gorm:"primaryKey;size:20"`
		Number    int      `gorm:"primaryKey;autoIncrement:false"`
		OwnerID   uint
		OwnerType string
		Text      string `pii:"null"`
	}
)

func loggedModels() []any {
	return []any{&loggedPerson{}, &loggedOrder{}, &loggedVisit{}, &loggedNote{}, &loggedAnswer{}, &loggedLine{}}
}

// loggedWord adds a person with a history in every log, in which the word stands wherever a personal value does.
func loggedWord(t *testing.T, db *gorm.DB, word string) *loggedPerson {
	t.Helper()
	db = db.WithContext(softdelete.WithReason(softdelete.WithActor(t.Context(), "actor "+word), "for "+word))
	phone, born, address := "+49 "+word, time.Date(1980, 5, 17, 0, 0, 0, 0, time.UTC), "192.0.2.77"
	if word == "other" {
		born, address = born.AddDate(5, 1, 1), "198.51.100.4"
	}
	p := &loggedPerson{
		Name: "first " + word, Email: word + "@one.test", Token: []byte(word), Born: &born, Address: address, Code: word + " code",
		Profile: fmt.Sprintf(`{"name":"%s","n":12345678901234567890}`, word), VAT: "DE 7", Plan: "gold", Big: 9007199254740993,
		Orders: []loggedOrder{{Amount: 1}, {Amount: 2}}, Visits: []loggedVisit{{Page: word}},
		Notes: []loggedNote{{Text: word + " gone", Answers: []loggedAnswer{{Text: word + " gone"}}}, {Text: word + " there"}},
	}
	require.NoError(t, db.Create(p).Error)
	lines := []loggedLine{
		{Realm: "a,b", Number: int(p.ID), OwnerID: p.ID, OwnerType: "logged_people", Text: word},
		{Realm: `a\`, Number: int(p.ID), OwnerID: p.ID, OwnerType: "logged_people", Text: word + " gone"},
	}
	require.NoError(t, db.Create(&lines).Error)
	require.NoError(t, db.Model(p).Updates(map[string]any{"name": "second " + word, "phone": phone}).Error)
	require.NoError(t, db.Model(p).Update("email", word+"@two.test").Error)
	require.NoError(t, db.Model(p).Update("plan", "silver").Error)
	require.NoError(t, db.Delete(p).Error)
	_, err := softdelete.Restore(db, p)
	require.NoError(t, err)
	require.NoError(t, db.Delete(&p.Notes[0].Answers[0]).Error)
	require.NoError(t, db.Delete(&p.Notes[0]).Error)
	require.NoError(t, db.Delete(&lines[1]).Error)
	require.NoError(t, db.Delete(&p.Orders[1]).Error)
	return p
}

// loggedTables is the content of the models' tables and logs.
func loggedTables(t *testing.T, db *gorm.DB) string {
	t.Helper()
	text := fixture.Dump(t, db, loggedModels()...)
	for _, model := range loggedModels() {
		table := fixture.Table(t, db, model)
		var rows []struct {
			ID, Version                                       int64
			RowKey, Type, Content, Text, Actor, Reason, Taken string
		}
		columns := "id, row_key, version, type, content, " + fixture.Text(db, "data") + " AS text, actor, reason, COALESCE(deletion_id, '') AS taken"
		require.NoError(t, db.Table(table+"_events").Select(columns).Order("id").Find(&rows).Error)
		for _, row := range rows {
			row.Text = sortedJSON(t, row.Text)
			text += fmt.Sprintln(table, row)
		}
	}
	return text
}

// sortedJSON is an object in one form: what is masked may get another order and blanks.
func sortedJSON(t *testing.T, text string) string {
	t.Helper()
	var object map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(text), &object))
	sorted, err := json.Marshal(object)
	require.NoError(t, err)
	return string(sorted)
}

func TestAnErasureMasksTheEventLogs(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{Models: loggedModels()})
		other := loggedWord(t, db, "other")
		before := loggedTables(t, db)
		p := loggedWord(t, db, "canary")
		plan, err := softdelete.PreviewErasure(db, p)
		require.NoError(t, err)
		var old []softdelete.Event
		old, err = softdelete.History(db, p)
		require.NoError(t, err)
		certificate, err := softdelete.Erase(db, p, softdelete.ErasureRequest{})
		require.NoError(t, err)

		t.Run("nothing of the person is left in any table or log", func(t *testing.T) {
			for _, line := range strings.Split(strings.ToLower(loggedTables(t, db)), "\n") {
				for _, word := range []string{"canary", "63616e617279", "192.0.2.77", "1980-05-17"} {
					require.NotContains(t, line, word)
				}
			}
		})
		t.Run("the logs of others are as they were", func(t *testing.T) {
			after := strings.Split(loggedTables(t, db), "\n")
			require.Subset(t, after, strings.Split(before, "\n"))
			require.NoError(t, softdelete.AsOf(db, other, time.Now()))
			require.Equal(t, "second other", other.Name)
		})
		t.Run("a row has one erased event, and then that of its deletion", func(t *testing.T) {
			events, err := softdelete.History(db, p)
			require.NoError(t, err)
			require.Len(t, events, len(old)+2)
			require.Equal(t, []string{"erased", "deleted"}, []string{events[len(old)].Type, events[len(old)+1].Type})
			for i, event := range events {
				require.EqualValues(t, i+1, event.Version)
				require.Empty(t, event.Actor)
				require.Empty(t, event.Reason)
				var data map[string]json.RawMessage
				require.NoError(t, json.Unmarshal(event.Data, &data))
				if i < len(old) {
					var was map[string]json.RawMessage
					require.NoError(t, json.Unmarshal(old[i].Data, &was))
					require.Len(t, data, len(was))
					for _, column := range []string{"id", "plan", "vat", "big", "created_at", "deleted_at"} {
						require.Equal(t, string(was[column]), string(data[column]), column)
					}
				}
			}
			var data map[string]any
			require.NoError(t, json.Unmarshal(events[0].Data, &data))
			require.Equal(t, "[erased]", data["name"])
			require.Equal(t, fmt.Sprint("gone-", p.ID), data["email"])
			require.Equal(t, "192.0.2.0", data["address"])
			require.Nil(t, data["phone"])
			require.Equal(t, "gold", data["plan"])
		})
		t.Run("replaying gives the rows", func(t *testing.T) {
			for _, model := range loggedModels() {
				differed, err := softdelete.Rebuild(db, model)
				require.NoError(t, err)
				require.Zero(t, differed, "%T", model)
			}
		})
		t.Run("a row of a model with nothing personal has no event of it, but who deleted it is cleared", func(t *testing.T) {
			events, err := softdelete.History(db, &p.Orders[0])
			require.NoError(t, err)
			require.Equal(t, []string{"created", "deleted", "restored", "deleted"}, loggedTypes(events), "deleted with the subject")
			events, err = softdelete.History(db, &p.Orders[1])
			require.NoError(t, err)
			require.Equal(t, []string{"created", "deleted", "restored", "deleted", "erased"}, loggedTypes(events), "its actor stood in the row")
		})
		t.Run("of a row that is removed the log keeps the key", func(t *testing.T) {
			events, err := softdelete.History(db, &p.Visits[0])
			require.NoError(t, err)
			require.Equal(t, []string{"created", "erased"}, loggedTypes(events))
			require.JSONEq(t, fmt.Sprintf(`{"id":%d,"person_id":null,"page":null}`, p.Visits[0].ID), string(events[1].Data))
		})
		t.Run("rows that are in the log only are erased there", func(t *testing.T) {
			for _, row := range []any{&p.Notes[0], &p.Notes[0].Answers[0], &loggedLine{Realm: `a\`, Number: int(p.ID)}} {
				events, err := softdelete.History(db, row)
				require.NoError(t, err)
				require.Equal(t, []string{"created", "deleted", "erased"}, loggedTypes(events), "%T", row)
			}
		})
		t.Run("the certificate names the logs, and the preview foretold it", func(t *testing.T) {
			require.Equal(t, plan.Tables, certificate.Tables)
			require.Contains(t, certificate.Text(), "Table logged_people_events: ")
			require.Contains(t, certificate.Text(), "data.email (template)")
		})
		t.Run("another request finds nothing left", func(t *testing.T) {
			dump := loggedTables(t, db)
			again, err := softdelete.Erase(db, p, softdelete.ErasureRequest{})
			require.NoError(t, err)
			require.Empty(t, again.Tables)
			require.Equal(t, dump, loggedTables(t, db))
		})
	})
}

func loggedTypes(events []softdelete.Event) (types []string) {
	for _, event := range events {
		types = append(types, event.Type)
	}
	return types
}

func TestASubjectThatIsInItsLogOnlyIsErasedThere(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{Models: loggedModels()})
		p := loggedWord(t, db, "canary")
		require.NoError(t, db.Unscoped().Delete(&p.Notes[1]).Error)
		require.NoError(t, db.Unscoped().Where("1 = 1").Delete(&loggedLine{}).Error)
		require.NoError(t, db.Unscoped().Where("1 = 1").Delete(&loggedVisit{}).Error)
		require.NoError(t, db.Unscoped().Delete(p).Error, "its orders go with it")
		certificate, err := softdelete.Erase(db, &loggedPerson{ID: p.ID}, softdelete.ErasureRequest{})
		require.NoError(t, err)
		require.NotContains(t, strings.ToLower(loggedTables(t, db)), "canary")
		require.Contains(t, certificate.Text(), "Table logged_people_events: ")
		again, err := softdelete.Erase(db, &loggedPerson{ID: p.ID}, softdelete.ErasureRequest{})
		require.NoError(t, err)
		require.Empty(t, again.Tables)
		for _, model := range loggedModels() {
			differed, err := softdelete.Rebuild(db, model)
			require.NoError(t, err)
			require.Zero(t, differed, "%T", model)
		}
		_, err = softdelete.Erase(db, &loggedPerson{ID: p.ID + 100}, softdelete.ErasureRequest{})
		require.ErrorIs(t, err, gorm.ErrRecordNotFound)
	})
}

func TestAnOldValueInALogStopsAnErasure(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{Models: loggedModels()})
		p := loggedWord(t, db, "canary")
		require.NoError(t, db.Model(&loggedPerson{ID: p.ID}).Update("plan", "that of first canary").Error)
		require.NoError(t, db.Model(&loggedPerson{ID: p.ID}).Update("plan", "gold").Error)
		before := loggedTables(t, db)
		_, err := softdelete.Erase(db, p, softdelete.ErasureRequest{})
		require.ErrorIs(t, err, softdelete.ErrUnsupported)
		require.ErrorContains(t, err, "table logged_people_events, column data, plan")
		require.NotContains(t, err.Error(), "canary")
		require.Equal(t, before, loggedTables(t, db))
	})
}

func TestAColumnThatAModelNoLongerHasIsErasedInItsLog(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, softdelete.Config{Models: loggedModels()})
		p := loggedWord(t, db, "canary")
		data := `{"id":1,"name":"x","former \"nick\"":"a nick's name","plan":"gold"}`
		require.NoError(t, db.Exec("UPDATE logged_people_events SET data = ? WHERE version = 2", data).Error)
		_, err := softdelete.Erase(db, p, softdelete.ErasureRequest{})
		require.NoError(t, err)
		events, err := softdelete.History(db, p)
		require.NoError(t, err)
		require.JSONEq(t, `{"id":1,"name":"[erased]","former \"nick\"":null,"plan":"gold"}`, string(events[1].Data))
	})
}
