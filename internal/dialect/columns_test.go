package dialect

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTypesThatHoldOthers(t *testing.T) {
	for _, c := range []struct {
		dialect     *Dialect
		kind, other string
		holds, back bool
	}{
		{&postgres, "varchar(5)", "character varying(5)", true, true},
		{&postgres, "text", "varchar(5)", true, false},
		{&postgres, "character varying", "text", true, true},
		{&postgres, "varchar(9)", "varchar(5)", true, false},
		{&postgres, "char(9)", "char(5)", false, false},
		{&postgres, "bigserial", "bigint", true, true},
		{&postgres, "bigint", "integer", true, false},
		{&postgres, "numeric", "bigint", true, false},
		{&postgres, "numeric(10,4)", "decimal(8,2)", true, false},
		{&postgres, "numeric(10,4)", "numeric(10,2)", false, false},
		{&postgres, "numeric", "numeric(10,2)", true, false},
		{&postgres, "double precision", "float4", true, false},
		{&postgres, "timestamptz", "timestamp(3) with time zone", true, false},
		{&postgres, "timestamptz(6)", "timestamp with time zone", true, true},
		{&postgres, "timestamp", "timestamptz", false, false},
		{&postgres, "json", "jsonb", true, false},
		{&postgres, "text", "integer", false, false},
		{&postgres, "numeric(10,2)[]", "numeric(8,4)[]", false, false},
		{&postgres, "geometry(Point,4326)", "geometry(Point,4326)", true, true},
		{&sqlite, "bigint", "datetime", true, true},
		{&sqlite, "text", "varchar(5)", true, true},
		{&sqlite, "text", "integer", false, false},
		{&sqlite, "blob", "text", true, false},
		{&sqlite, "real", "integer", false, false},
	} {
		t.Run(c.dialect.Name+": "+c.kind+" and "+c.other, func(t *testing.T) {
			require.Equal(t, c.holds, c.dialect.Holds(c.kind, c.other))
			require.Equal(t, c.back, c.dialect.Holds(c.other, c.kind))
		})
	}
	require.True(t, postgres.Widens("text", "integer"))
	require.False(t, postgres.Widens("integer", "text"))
}
