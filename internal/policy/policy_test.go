package policy_test

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

type polOrganization struct {
	_        struct{} `softdelete:"tenant:Region"`
	ID       uint
	Name     string `gorm:"uniqueIndex" softdelete:"full"`
	Region   string `gorm:"index" softdelete:"live"`
	ClosedAt *time.Time
	Gone     sql.NullTime `softdelete:"timestamp;retain:6mo;then:keep;clock:ClosedAt"`
	Users    []polUser    `gorm:"foreignKey:OrgID" softdelete:"block"`
}

type polUser struct {
	ID, OrgID  uint
	DeletedAt  gorm.DeletedAt `softdelete:"retain:90d;then:purge"`
	DeletionID softdelete.DeletionID
	By         string       `softdelete:"actor"`
	Why        *string      `softdelete:"reason"`
	Posts      []polPost    `gorm:"foreignKey:UserID" softdelete:"cascade"`
	Payments   []polPayment `gorm:"foreignKey:UserID" softdelete:"keep"`
	Logs       []polLog     `gorm:"foreignKey:UserID" softdelete:"cascade"`
	Profile    *polProfile  `gorm:"foreignKey:UserID" softdelete:"cascade"`
}

type polPost struct {
	ID, UserID uint
	User       *polUser `softdelete:"guard;lazy"`
	Status     string   `softdelete:"status;deleted:removed;active:draft;visible:published,draft"`
	Was        string   `softdelete:"previous"`
	At         int64    `softdelete:"at;unit:ms"`
}

type polProfile struct {
	ID, UserID uint
	Gone       *bool      `softdelete:"flag"`
	GoneAt     *time.Time `softdelete:"at"`
}

type polPayment struct{ ID, UserID uint }

type polLog struct {
	_          struct{} `softdelete:"never"`
	ID, UserID uint
}

type polSession struct {
	_     struct{} `softdelete:"hard"`
	ID    uint
	Pages []polPage `gorm:"foreignKey:SessionID" softdelete:"cascade"`
}

type polPage struct {
	_             struct{} `softdelete:"hard"`
	ID, SessionID uint
}

func TestPolicyAccepts(t *testing.T) {
	accepts := func(fact string, models ...any) {
		t.Run(fact, func(t *testing.T) {
			testdb.Each(t, func(t *testing.T, database *testdb.Database) {
				require.Empty(t, polUse(t, database.Open(t), models...))
			})
		})
	}
	accepts("every word in its place", &polOrganization{}, &polUser{}, &polPost{}, &polProfile{}, &polPayment{}, &polLog{}, &polSession{},
		&polPage{})
	accepts("a model that is named twice", &polUser{}, &polUser{}, polUser{}, []polUser{})
	accepts("no models at all")

	type empty struct {
		ID        uint
		DeletedAt gorm.DeletedAt `softdelete:""`
	}
	accepts("an empty tag", &empty{})
	type loud struct {
		ID     uint
		Status string `softdelete:" Status ; DELETED: gone ;Visible:open , closed; "`
	}
	accepts("words in any case, with spaces around them", &loud{})
	type colons struct {
		ID     uint
		Status string `softdelete:"status;deleted:state:gone"`
	}
	accepts("a value with a colon", &colons{})
	type anyOrder struct {
		ID     uint
		Status string `softdelete:"visible:open;deleted:gone;status"`
	}
	accepts("settings in any order", &anyOrder{})

	type base struct {
		_  struct{} `softdelete:"never"`
		ID uint
	}
	type embeds struct {
		base
		Name string
	}
	accepts("the blank field of an embedded struct", &embeds{})

	type periods struct {
		ID   uint
		Gone int64 `softdelete:"timestamp;unit:NS;retain:36h;then:PURGE"`
	}
	accepts("values in any case", &periods{})
	type forever struct {
		ID        uint
		DeletedAt gorm.DeletedAt `softdelete:"retain:0"`
	}
	accepts("a retention of 0, which never purges", &forever{})
	type clocked struct {
		ID       uint
		ClosedAt *time.Time
		Gone     bool `softdelete:"flag;retain:7y;clock:ClosedAt"`
	}
	accepts("retain without a deletion time, with a clock of its own", &clocked{})

	type parentOfLazy struct {
		ID        uint
		DeletedAt gorm.DeletedAt
	}
	type onlyLazy struct {
		ID, ParentID uint
		Parent       *parentOfLazy `softdelete:"lazy"`
	}
	accepts("lazy alone is a policy", &onlyLazy{})
	type keptPlain struct{ ID, KeeperID uint }
	type Keeper struct {
		ID    uint
		Gone  bool        `softdelete:"flag"`
		Plain []keptPlain `softdelete:"keep"`
	}
	accepts("keep and block ask no mark of either model", &Keeper{})
	type Blocker struct {
		ID    uint
		Plain []keptPlain `gorm:"foreignKey:KeeperID" softdelete:"block"`
	}
	accepts("block alone is a policy", &Blocker{})
	type Deleter struct {
		_    struct{} `softdelete:"hard"`
		ID   uint
		Gone []struct {
			_         struct{} `softdelete:"hard"`
			ID        uint
			DeleterID uint
		} `gorm:"-"`
		Posts []polProfile `gorm:"foreignKey:UserID" softdelete:"cascade"`
	}
	accepts("cascade from a hard to a marking model", &Deleter{})
}

func TestPolicyTellsEverythingAtOnce(t *testing.T) {
	type Comment struct {
		ID        uint
		DeletedAt gorm.DeletedAt `softdelete:"retian:90d;then:burn;unit:ms"`
	}
	type Article struct {
		_         struct{} `softdelete:"nevr;tenant:Nobody"`
		ID        uint
		Status    string    `softdelete:"status;visible:deleted"`
		Was       int       `softdelete:"previous"`
		CommentID uint      `softdelete:"cascade"`
		Comment   *Comment  `softdelete:"block;lazzy"`
		Comments  []Comment `gorm:"many2many:article_comments" softdelete:"cascade;block"`
	}
	type Fine struct {
		ID        uint
		DeletedAt gorm.DeletedAt
	}
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		lines := polUse(t, database.Open(t), &Fine{}, &Article{}, &Comment{})
		text := strings.Join(lines, "\n")
		for _, want := range []string{
			"Article._: unknown setting \"nevr\"", "Article._: tenant: ", "Article.Status: the deleted value", "Article.CommentID: ",
			"Article.Comment: \"block\" does not", "Article.Comment: unknown setting \"lazzy\"", "Article.Comments: two rules",
			"Comment.DeletedAt: unknown setting \"retian\"", "Comment.DeletedAt: \"then\" needs retain", "Comment.DeletedAt: \"unit\"",
		} {
			require.Contains(t, text, want)
		}
		require.NotContains(t, text, "Fine")

		again := polUse(t, database.Open(t), &Fine{}, &Article{}, &Comment{})
		require.Equal(t, lines, again, "the order is stable")
	})
}

func TestPolicyNeedsAModel(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		for _, notModel := range []any{nil, 7, "users", new(int), map[string]any{}} {
			err := database.Open(t).Use(softdelete.New(softdelete.Config{Models: []any{notModel}}))
			require.ErrorIs(t, err, softdelete.ErrPolicy, "%T", notModel)
		}
	})
}
