package erasure_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
)

type (
	gdprTeam struct {
		ID    uint
		Name  string
		Users []gdprUser `gorm:"foreignKey:TeamID"`
	}
	gdprUser struct {
		ID        uint
		CreatedAt time.Time
		TeamID    *uint
		Team      *gdprTeam
		Name      string     `pii:"fixed:[erased]"`
		Email     string     `gorm:"uniqueIndex;not null;size:60" pii:"template:redacted-{id}@example.invalid"`
		Phone     *string    `pii:"null"`
		Login     string     `gorm:"unique;size:20" pii:"random"`
		Code      string     `gorm:"size:32" pii:"hmac"`
		Born      *time.Time `pii:"truncate:year"`
		IP        string     `pii:"truncate:ip"`
		Profile   string     `gorm:"type:text" pii:"json:$.phones[*],$.home.street"`
		Nick      string     `pii:"func:initial"`
		VATNumber string     `pii:"keep;basis:Art. 17(3)(b), 10 years"`
		Plan      string
		Actor     string                `softdelete:"actor" pii:"-"`
		Reason    string                `softdelete:"reason" pii:"-"`
		DeletedAt gorm.DeletedAt        `gorm:"index"`
		Posts     []gdprPost            `gorm:"foreignKey:AuthorID" softdelete:"cascade"`
		Payments  []gdprPayment         `gorm:"foreignKey:UserID" softdelete:"block"`
		Notes     []gdprNote            `gorm:"polymorphic:Owner"`
		Tags      []gdprTag             `gorm:"many2many:gdpr_user_tags"`
		Sessions  []gdprSession         `gorm:"foreignKey:UserID"`
		Deletion  softdelete.DeletionID `gorm:"column:deletion"`
	}
	gdprPost struct {
		ID        uint
		AuthorID  uint
		Author    *gdprUser
		Signature string `pii:"zero"`
		Body      string
		DeletedAt gorm.DeletedAt
		Comments  []gdprComment `gorm:"foreignKey:PostID"`
	}
	gdprComment struct {
		ID     uint
		PostID uint
		Text   string `pii:"fixed:-"`
	}
	gdprPayment struct {
		ID     uint
		UserID uint
		Amount int
		Holder string `pii:"hmac"`
	}
	gdprNote struct {
		ID        uint
		OwnerID   uint
		OwnerType string
		Text      string `pii:"null"`
	}
	gdprTag struct {
		ID   uint
		Name string
	}
	gdprSession struct {
		_      struct{} `pii:"delete"`
		ID     uint
		UserID uint
		Agent  string
	}
	gdprLogin struct {
		ID      uint
		Account uint   `pii:"subject:gdprUser"`
		Address string `pii:"truncate:ip"`
	}
)

// gdprModels are all of them, parents first.
func gdprModels() []any {
	return []any{
		&gdprTeam{}, &gdprUser{}, &gdprPost{}, &gdprComment{}, &gdprPayment{}, &gdprNote{}, &gdprTag{}, &gdprSession{}, &gdprLogin{},
	}
}

func gdprConfig() softdelete.Config {
	return softdelete.Config{
		Models: gdprModels(),
		Maskers: map[string]softdelete.Masker{"initial": func(_ context.Context, value any) (any, error) {
			if text := value.(string); text != "" {
				return text[:1] + ".", nil
			}
			return "", nil
		}},
	}
}

// gdprPerson adds a user with rows in all tables; every personal value has the word in it.
func gdprPerson(t *testing.T, db *gorm.DB, word string) *gdprUser {
	t.Helper()
	phone, born := "+49 30 "+word, time.Date(1980, 5, 17, 0, 0, 0, 0, time.UTC)
	user := &gdprUser{
		Name: word + " Person", Email: word + "@mail.test", Phone: &phone, Login: "login-" + word, Code: "code-" + word, Born: &born,
		IP: "192.0.2.77", Profile: fmt.Sprintf(`{"phones":["%s-1","%s-2"],"home":{"street":"%s street","city":"Bonn"},"n":12345678901234567890}`, word, word, word),
		Nick: word + "nick", VATNumber: "DE-" + word, Plan: "gold",
		Posts: []gdprPost{
			{Signature: word + " signature", Body: "about the weather", Comments: []gdprComment{{Text: word + " comments"}}},
			{Signature: word + " deleted", Body: "about the sea"},
		},
		Payments: []gdprPayment{{Amount: 7, Holder: word + " holder"}},
		Notes:    []gdprNote{{Text: word + " note"}},
		Tags:     []gdprTag{{Name: "a tag of " + fmt.Sprint(len(word))}},
		Sessions: []gdprSession{{Agent: word + " agent"}, {Agent: word + " other agent"}},
	}
	require.NoError(t, db.Create(user).Error)
	require.NoError(t, db.Create(&gdprLogin{Account: user.ID, Address: "2001:db8:1:2::7"}).Error)
	require.NoError(t, db.Delete(&user.Posts[1]).Error)
	return user
}

// erasedCounts are the rows of each table that were masked, and those that were removed.
func erasedCounts(tables []softdelete.ErasedTable) map[string][2]int64 {
	counts := map[string][2]int64{}
	for _, table := range tables {
		counts[table.Table] = [2]int64{table.Masked, table.Deleted}
	}
	return counts
}
