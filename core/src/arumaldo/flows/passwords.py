"""Passwords that everybody tries first. Eight characters or more; shorter ones are refused anyway."""

_WORDS = (
    "password passw0rd p@ssword p@ssw0rd qwertyui qwertyuiop qwerty123 1q2w3e4r 1qaz2wsx zaq12wsx asdfghjk asdfghjkl "
    "zxcvbnm1 iloveyou princess sunshine football baseball superman batman123 trustno1 starwars whatever welcome1 "
    "welcome123 letmein1 letmein123 admin123 administrator changeme changeme1 computer internet michelle jennifer "
    "jordan23 charlie1 liverpool arsenal1 chelsea1 pokemon1 dragon123 monkey123 shadow123 master123 killer123 "
    "abcd1234 abc12345 abcdefgh abcdefg1 a1b2c3d4 qazwsxedc q1w2e3r4 1234qwer qwer1234 asdf1234 zxcv1234 "
    "test1234 testtest passpass default1 guest123 root1234 login123 secret123 hello123 helloworld freedom1 "
    "mustang1 corvette mercedes ferrari1 samsung1 google123 facebook linkedin wordpress nintendo minecraft fortnite "
    "summer2024 summer2025 summer2026 winter2024 winter2025 winter2026 spring2026 autumn2026 january1 december "
    "hallo123 passwort passwort1 schalke04 ficken123 geheim123 motdepasse azertyuiop contrasena contraseña 123456789a"
)
_DIGITS = {digit * length for digit in "0123456789" for length in range(8, 13)}
_RUNS = {"0123456789012"[:length] for length in range(8, 14)} | {"1234567890123"[:length] for length in range(8, 14)}
_BACK = {"9876543210"[:8], "9876543210"[:9], "9876543210", "87654321", "987654321"}
_SERIES = {f"password{number}" for number in range(100)} | {f"qwerty{number}" for number in range(10, 100)}
COMMON = (
    frozenset(_WORDS.split()) | _DIGITS | _RUNS | _BACK | _SERIES | {"11223344", "12341234", "12121212", "123123123"}
)
