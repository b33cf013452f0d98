package tag

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm/schema"
)

// fuzzTags are tags of every kind, sound and broken.
var fuzzTags = []string{
	"", ";", ":", ";;", "::", ",", " ", `\`, `\;`, `;\`, "\x00", "é:ü",
	"timestamp", "timestamp;unit:ms", "TIMESTAMP ; UNIT : ns", "flag", "flag:", "flag:flag", "status;deleted:gone;active:on;visible:on,off",
	"status;deleted:-1;active:9223372036854775808;visible:,", `status;deleted:a\;b;active:it's;visible:100%`, "status;visible:deleted",
	"archive;retain:7y;then:cold;table:old", "hard", "never", "hard;never", "at;unit:us", "previous", "actor;reason", "full;live",
	"events", "retain:90d;then:erase;clock:ID;tenant:ID", "retain:0", "retain:99999999999999999999h", "retain:-1d", "retain:retain",
	"retian:90d", "cascade", "keep;block", "lazy;guard", "casacde", "CASCADE:CASCADE", "visible:VISIBLE", "unit;unit:s",
	"retain:3d;retain:4d", "retain:3d; RETAIN :3d;", "cascade;cascade", `deleted:a\;deleted:b`, "status;active:1;status",
}

func FuzzParseTag(f *testing.F) {
	for i, tag := range fuzzTags {
		f.Add(tag, byte(i))
	}
	carriers := []Carrier{OnModel, OnColumn, OnHas, OnBelongs}
	f.Fuzz(func(t *testing.T, tag string, on byte) {
		place := carriers[int(on)%len(carriers)]
		parsed, problems := ParseTag(tag, place)
		again, problemsAgain := ParseTag(tag, place)
		require.Equal(t, parsed, again, "parsing is deterministic")
		require.Equal(t, problems, problemsAgain)
		for _, text := range problems {
			require.NotEmpty(t, text)
			require.NotContains(t, text, "\n", "a problem is one line")
		}

		written := slices.Sorted(maps.Keys(schema.ParseTagSetting(tag, ";")))
		if len(problems) == 0 {
			require.Len(t, parsed, len(written), "a tag without a problem is read to the last word")
			if !strings.Contains(tag, `\;`) {
				given := slices.DeleteFunc(strings.Split(tag, ";"), func(setting string) bool { return strings.TrimSpace(setting) == "" })
				require.Len(t, parsed, len(given), "a tag without a problem gives each setting once")
			}
		}
		for word, value := range parsed {
			require.Contains(t, Words, word)
			require.Contains(t, Words[word].Carriers, place)
			require.Equal(t, strings.ToLower(word), word)
			require.Equal(t, strings.TrimSpace(value), value)
			if Words[word].value {
				require.NotEmpty(t, value)
			}
		}
	})
}

func FuzzParsePeriod(f *testing.F) {
	for _, text := range []string{"", "0", "36h", "30d", "6mo", "7y", "7Y", "-1d", "1", "d", "99999999999999999999y", "106752d", "1e3d", "0x10h"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, remedy := ParsePeriod(text)
		if remedy != "" {
			require.Equal(t, Period{}, p)
			return
		}
		require.False(t, p.Months != 0 && p.Duration != 0, "months and hours do not mix")
		require.GreaterOrEqual(t, p.Months, 0)
		require.GreaterOrEqual(t, p.Duration, time.Duration(0), "no period runs over")
	})
}
