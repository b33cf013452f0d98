package bench_test

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
)

type (
	benchOrg struct {
		ID         uint
		Name       string
		DeletedAt  gorm.DeletedAt
		DeletionID softdelete.DeletionID `gorm:"index:,where:deletion_id IS NOT NULL"`
		Users      []benchUser           `gorm:"foreignKey:OrgID" softdelete:"cascade"`
	}
	benchUser struct {
		ID         uint
		OrgID      uint `gorm:"index"`
		Name       string
		DeletedAt  gorm.DeletedAt
		DeletionID softdelete.DeletionID `gorm:"index:,where:deletion_id IS NOT NULL"`
		Posts      []benchPost           `gorm:"foreignKey:UserID" softdelete:"cascade"`
	}
	benchPost struct {
		ID         uint
		UserID     uint `gorm:"index"`
		Title      string
		DeletedAt  gorm.DeletedAt
		DeletionID softdelete.DeletionID `gorm:"index:,where:deletion_id IS NOT NULL"`
		Comments   []benchComment        `gorm:"foreignKey:PostID" softdelete:"cascade"`
	}
	benchComment struct {
		ID         uint
		PostID     uint `gorm:"index"`
		Body       string
		DeletedAt  gorm.DeletedAt
		DeletionID softdelete.DeletionID `gorm:"index:,where:deletion_id IS NOT NULL"`
	}
)

// family is the shape of an organization: its users, the posts of a user, the comments on a post.
type family struct{ users, posts, comments int }

func (f family) descendants() int { return f.users * (1 + f.posts + f.posts*f.comments) }

// families are the shapes to measure, each with the rounds of an iteration: the fewer rows, the more the times vary.
var families = []struct {
	family
	rounds int
}{
	{family{1, 3, 2}, 20},
	{family{10, 9, 10}, 5},
	{family{1000, 9, 10}, 1},
}

var placeholder = regexp.MustCompile(`:(at|id|key)\b`)

// BenchmarkCascade deletes an organization with 10, 1,000 and 100,000 rows under it. Beside it stand others of its shape,
// with 20,000 rows or more in all, so that indexes matter. Run it with
//
//	go test -run '^$' -bench BenchmarkCascade -benchtime 21x ./internal/bench
func BenchmarkCascade(b *testing.B) {
	benchDatabases(b, func(b *testing.B, database *testdb.Database) {
		for _, f := range families {
			b.Run(fmt.Sprint(f.descendants()), func(b *testing.B) {
				a := newFamily(b, database, f.family)
				a.revive(b)
				after := func() {
					require.Equal(b, 1+f.descendants(), a.deleted(b))
					a.revive(b)
				}
				compare(b, f.rounds, func() {}, after, func() error { return a.db.Delete(&benchOrg{ID: 1}).Error }, a.handWrittenCascades()...)
			})
		}
	})
}

func newFamily(b *testing.B, database *testdb.Database, f family) *arena {
	b.Helper()
	a := newArena(b, database, &benchOrg{}, &benchUser{}, &benchPost{}, &benchComment{})
	for i := range a.tables {
		a.exec(b, "DELETE FROM "+a.tables[len(a.tables)-1-i])
	}
	orgs := max(2, 20_000/f.descendants())
	users := orgs * f.users
	a.fill(b, "bench_orgs (id, name)", orgs, "i, 'an organization'")
	a.fill(b, "bench_users (id, org_id, name)", users, fmt.Sprintf("i, (i - 1) / %d + 1, 'a user'", f.users))
	a.fill(b, "bench_posts (id, user_id, title)", users*f.posts, fmt.Sprintf("i, (i - 1) / %d + 1, 'a title of some words'", f.posts))
	a.fill(b, "bench_comments (id, post_id, body)", users*f.posts*f.comments,
		fmt.Sprintf("i, (i - 1) / %d + 1, 'a comment that says in one sentence what there is to say about the post'", f.comments))
	a.settle(b)
	return a
}

// handWrittenCascades are what one may write by hand to mark an organization and all under it.
func (a *arena) handWrittenCascades() []variant {
	const mark = " SET deleted_at = :at, deletion_id = :id WHERE deleted_at IS NULL AND "
	list := []variant{
		{"by mark", a.byHand(1,
			"UPDATE bench_orgs"+mark+"id = :key",
			"UPDATE bench_users"+mark+"org_id = :key",
			"UPDATE bench_posts"+mark+"user_id IN (SELECT id FROM bench_users WHERE deletion_id = :id)",
			"UPDATE bench_comments"+mark+"post_id IN (SELECT id FROM bench_posts WHERE deletion_id = :id)",
		)},
		{"by key", a.byHand(1,
			"UPDATE bench_comments"+mark+"post_id IN (SELECT id FROM bench_posts WHERE deleted_at IS NULL AND user_id IN "+
				"(SELECT id FROM bench_users WHERE deleted_at IS NULL AND org_id = :key))",
			"UPDATE bench_posts"+mark+"user_id IN (SELECT id FROM bench_users WHERE deleted_at IS NULL AND org_id = :key)",
			"UPDATE bench_users"+mark+"org_id = :key",
			"UPDATE bench_orgs"+mark+"id = :key",
		)},
	}
	if a.name == "postgres" {
		list = append(list, variant{"one with", a.byHand(1,
			"WITH orgs AS (UPDATE bench_orgs"+mark+"id = :key RETURNING id), "+
				"users AS (UPDATE bench_users"+mark+"org_id IN (SELECT id FROM orgs) RETURNING id), "+
				"posts AS (UPDATE bench_posts"+mark+"user_id IN (SELECT id FROM users) RETURNING id) "+
				"UPDATE bench_comments"+mark+"post_id IN (SELECT id FROM posts)",
		)})
	}
	return list
}
