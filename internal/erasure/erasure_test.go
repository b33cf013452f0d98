package erasure_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/gorm-softdelete/softdelete"
	"github.com/gorm-softdelete/softdelete/internal/testdb"
	"github.com/gorm-softdelete/softdelete/internal/testdb/fixture"
)

func TestErase(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		db := fixture.Open(t, database, gdprConfig())
		other := gdprPerson(t, db, "bystander")
		others := fixture.Dump(t, db, gdprModels()...)
		user := gdprPerson(t, db, "canary")
		untouched := func(dump string) string { // the rows that were there before
			var lines []string
			for _, line := range strings.SplitAfter(dump, "\n") {
				if strings.Contains(others, line) {
					lines = append(lines, line)
				}
			}
			return strings.Join(lines, "")
		}

		plan, err := softdelete.PreviewErasure(db, user)
		require.NoError(t, err)
		require.Contains(t, fixture.Dump(t, db, &gdprUser{}), "canary", "a preview writes nothing")

		certificate, err := softdelete.Erase(db, user, softdelete.ErasureRequest{ID: "request-1", Ground: "17.1.a", ReceivedAt: time.Now()})
		require.NoError(t, err)

		t.Run("no personal value is left, but for what is kept", func(t *testing.T) {
			var left []string
			for _, line := range strings.Split(fixture.Dump(t, db, append(gdprModels(), softdelete.Tables()...)...), "\n") {
				if strings.Contains(strings.ReplaceAll(line, "DE-canary", ""), "canary") {
					left = append(left, line)
				}
			}
			require.Empty(t, left)
		})
		t.Run("each mask wrote what it says", func(t *testing.T) {
			var row gdprUser
			require.NoError(t, db.Unscoped().First(&row, user.ID).Error)
			require.Equal(t, "[erased]", row.Name)
			require.Equal(t, fmt.Sprintf("redacted-%d@example.invalid", user.ID), row.Email)
			require.Nil(t, row.Phone)
			require.Regexp(t, regexp.MustCompile(`^[0-9a-f]{20}$`), row.Login)
			require.Regexp(t, regexp.MustCompile(`^[0-9a-f]{32}$`), row.Code)
			require.Equal(t, time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC), row.Born.UTC())
			require.Equal(t, "192.0.2.0", row.IP)
			require.JSONEq(t, `{"phones":[null,null],"home":{"street":null,"city":"Bonn"},"n":12345678901234567890}`, row.Profile)
			require.Contains(t, row.Profile, "12345678901234567890", "numbers keep their digits")
			require.Equal(t, "c.", row.Nick)
			require.Equal(t, "DE-canary", row.VATNumber)
			require.Equal(t, "gold", row.Plan)
			var login gdprLogin
			require.NoError(t, db.Where("account = ?", user.ID).First(&login).Error)
			require.Equal(t, "2001:db8:1::", login.Address)
			var posts []gdprPost
			require.NoError(t, db.Unscoped().Where("author_id = ?", user.ID).Find(&posts).Error)
			require.Len(t, posts, 2)
			for _, post := range posts {
				require.Empty(t, post.Signature)
				require.NotEmpty(t, post.Body)
			}
		})
		t.Run("the subject is deleted by its rules, which a block does not stop", func(t *testing.T) {
			require.ErrorIs(t, db.First(&gdprUser{}, user.ID).Error, gorm.ErrRecordNotFound)
			var live int64
			require.NoError(t, db.Model(&gdprPost{}).Where("author_id = ?", user.ID).Count(&live).Error)
			require.Zero(t, live, "cascade")
			require.NoError(t, db.Model(&gdprPayment{}).Where("user_id = ?", user.ID).Count(&live).Error)
			require.EqualValues(t, 1, live, "blocked rows stay")
			require.NoError(t, db.Model(&gdprSession{}).Where("user_id = ?", user.ID).Count(&live).Error)
			require.Zero(t, live, "pii:\"delete\"")
		})
		t.Run("rows of others are byte for byte what they were", func(t *testing.T) {
			require.Equal(t, others, untouched(fixture.Dump(t, db, gdprModels()...)))
			require.NoError(t, db.First(&gdprUser{}, other.ID).Error)
		})
		t.Run("the certificate and the preview say what was done", func(t *testing.T) {
			require.Equal(t, plan.Tables, certificate.Tables)
			require.Equal(t, plan.Kept, certificate.Kept)
			require.True(t, certificate.Verified)
			require.Equal(t, []softdelete.KeptColumn{{Table: "gdpr_users", Column: "vat_number", Basis: "Art. 17(3)(b), 10 years", Rows: 1}}, certificate.Kept)
			require.Equal(t, map[string][2]int64{
				"gdpr_users": {1, 0}, "gdpr_posts": {2, 0}, "gdpr_comments": {1, 0}, "gdpr_payments": {1, 0}, "gdpr_notes": {1, 0},
				"gdpr_sessions": {0, 2}, "gdpr_logins": {1, 0},
			}, erasedCounts(certificate.Tables))
			require.NoError(t, softdelete.VerifyCertificates(db))
			require.Contains(t, certificate.Text(), "Table gdpr_sessions: 2 rows deleted.")
		})
		t.Run("the same request gives the same certificate", func(t *testing.T) {
			again, err := softdelete.Erase(db, user, softdelete.ErasureRequest{ID: "request-1"})
			require.NoError(t, err)
			require.Equal(t, certificate, again)
		})
		t.Run("the same request for another subject is refused", func(t *testing.T) {
			_, err := softdelete.Erase(db, other, softdelete.ErasureRequest{ID: "request-1"})
			require.ErrorIs(t, err, softdelete.ErrRequest)
			require.NoError(t, db.First(&gdprUser{}, other.ID).Error)
		})
		t.Run("a new request for an erased subject masks nothing", func(t *testing.T) {
			before := fixture.Dump(t, db, gdprModels()...)
			second, err := softdelete.Erase(db, user, softdelete.ErasureRequest{})
			require.NoError(t, err)
			require.Empty(t, second.Tables)
			require.NotEmpty(t, second.RequestID)
			require.Equal(t, before, fixture.Dump(t, db, gdprModels()...))
			require.NoError(t, softdelete.VerifyCertificates(db))
		})
		t.Run("what cannot be a subject is refused", func(t *testing.T) {
			_, err := softdelete.Erase(db, &gdprUser{ID: 4711}, softdelete.ErasureRequest{})
			require.ErrorIs(t, err, gorm.ErrRecordNotFound)
			_, err = softdelete.Erase(db, &gdprUser{}, softdelete.ErasureRequest{})
			require.ErrorIs(t, err, gorm.ErrMissingWhereClause)
			_, err = softdelete.Erase(db, other, softdelete.ErasureRequest{ID: "jane@mail.test"})
			require.ErrorIs(t, err, softdelete.ErrRequest)
			tag := gdprTag{Name: "alone"}
			require.NoError(t, db.Create(&tag).Error)
			_, err = softdelete.Erase(db, &tag, softdelete.ErasureRequest{})
			require.ErrorIs(t, err, softdelete.ErrUnsupported, "nothing of a tag is personal")
		})
	})
}

func TestAnErasureThatLeavesSomethingIsUndone(t *testing.T) {
	testdb.Each(t, func(t *testing.T, database *testdb.Database) {
		config := gdprConfig()
		masker := func(value any) (any, error) { return "x", nil }
		config.Maskers = map[string]softdelete.Masker{"initial": func(_ context.Context, value any) (any, error) { return masker(value) }}
		db := fixture.Open(t, database, config)
		user := gdprPerson(t, db, "canary")
		erase := func(t *testing.T) error {
			t.Helper()
			before := fixture.Dump(t, db, append(gdprModels(), softdelete.Tables()...)...)
			_, err := softdelete.Erase(db, user, softdelete.ErasureRequest{ID: "r"})
			require.Error(t, err)
			require.NotContains(t, err.Error(), "canary")
			require.Equal(t, before, fixture.Dump(t, db, append(gdprModels(), softdelete.Tables()...)...))
			return err
		}
		t.Run("a masker that returns its input", func(t *testing.T) {
			masker = func(value any) (any, error) { return value, nil }
			err := erase(t)
			require.ErrorContains(t, err, "1 row in table gdpr_users, column nick")
		})
		t.Run("a masker that fails, whose text may be personal", func(t *testing.T) {
			masker = func(value any) (any, error) { return nil, fmt.Errorf("cannot mask %v: %w", value, fixture.Err) }
			err := erase(t)
			require.ErrorContains(t, err, "gdprUser.Nick")
			require.NotErrorIs(t, err, fixture.Err)
		})
		masker = func(any) (any, error) { return "x", nil }
		t.Run("the name in a column without a tag", func(t *testing.T) {
			require.NoError(t, db.Model(&gdprPost{}).Where("id = ?", user.Posts[0].ID).Update("body", "signed, Canary person.").Error)
			require.ErrorContains(t, erase(t), "1 row in table gdpr_posts, column body")
			require.NoError(t, db.Model(&gdprPost{}).Where("id = ?", user.Posts[0].ID).Update("body", "").Error)
		})
		t.Run("a deleted row's too", func(t *testing.T) {
			require.NoError(t, db.Unscoped().Model(&gdprPost{}).Where("id = ?", user.Posts[1].ID).Update("body", "mail canary@mail.test now").Error)
			require.ErrorContains(t, erase(t), "1 row in table gdpr_posts, column body")
			require.NoError(t, db.Unscoped().Model(&gdprPost{}).Where("id = ?", user.Posts[1].ID).Update("body", "").Error)
		})
		_, err := softdelete.Erase(db, user, softdelete.ErasureRequest{ID: "r"})
		require.NoError(t, err)
	})
}
