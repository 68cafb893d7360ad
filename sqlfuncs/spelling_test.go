package sqlfuncs

import "testing"

func TestAKeyHasOneSpelling(t *testing.T) {
	for _, c := range []struct {
		of       spelling
		text     string
		want     string
		isNoSuch bool
	}{
		{wholeNumbers, "42", "42", false},
		{wholeNumbers, "42.00", "42", false},
		{wholeNumbers, "-7.0", "-7", false},
		{wholeNumbers, "042", "", true},
		{wholeNumbers, "42.5", "", true},
		{wholeNumbers, "99999999999999999999", "", true},
		{numbers, "1.250", "1.25", false},
		{numbers, "100", "100", false},
		{numbers, "0.0", "0", false},
		{numbers, "01", "", true},
		{numbers, "NaN", "", true},
		{uuids, "C4CA4238-A0B9-2382-0DCC-509A6F75849B", "c4ca4238-a0b9-2382-0dcc-509a6f75849b", false},
		{uuids, "{c4ca4238a0b923820dcc509a6f75849b}", "c4ca4238-a0b9-2382-0dcc-509a6f75849b", false},
		{uuids, "c4ca4238a0b923820dcc509a6f75849", "", true},
		{uuids, "", "", true},
		{asWritten, "1.0", "1.0", false},
	} {
		got, ok := c.of.canonical(c.text)
		if ok == c.isNoSuch || ok && got != c.want {
			t.Errorf("%q is %q, %t; want %q, %t", c.text, got, ok, c.want, !c.isNoSuch)
		}
	}
}

func FuzzASpellingIsStable(f *testing.F) {
	for _, seed := range []string{"1.0", "-0.0", "{c4ca4238a0b923820dcc509a6f75849b}", "042", "."} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, s := range []spelling{wholeNumbers, numbers, uuids} {
			once, ok := s.canonical(text)
			if !ok {
				continue
			}
			if twice, ok := s.canonical(once); !ok || twice != once {
				t.Errorf("%q is %q, and that is %q, %t", text, once, twice, ok)
			}
		}
	})
}
