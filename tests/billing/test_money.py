import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.money import LARGEST, THREE_DECIMAL, ZERO_DECIMAL, Money, MoneyError, decimals

CENTS = st.integers(-LARGEST // 4, LARGEST // 4)
CURRENCIES = st.sampled_from(["usd", "eur", "gbp", "jpy", "kwd", "chf"])
MONEY = st.builds(Money, CENTS, CURRENCIES)


@pytest.mark.parametrize(
    ("amount", "currency", "printed"),
    [
        (1234, "usd", "$12.34"),
        (-500, "eur", "-€5.00"),
        (1200, "jpy", "¥1,200"),
        (350, "chf", "CHF 3.50"),
        (5, "gbp", "£0.05"),
        (0, "usd", "$0.00"),
        (-1, "usd", "-$0.01"),
        (100_000_000, "usd", "$1,000,000.00"),
        (1234, "kwd", "KWD 1.234"),
    ],
)
def test_printed(amount: int, currency: str, printed: str):
    assert str(Money(amount, currency)) == printed


@given(MONEY)
def test_print_loses_nothing(money: Money):
    digits = "".join(character for character in str(money) if character.isdigit())
    assert int(digits) == abs(money.amount)
    assert str(money).startswith("-") is (money.amount < 0)


@given(CENTS, CENTS, CENTS, CURRENCIES)
def test_arithmetic_is_that_of_integers(a: int, b: int, c: int, currency: str):
    one, two, three = Money(a, currency), Money(b, currency), Money(c, currency)
    assert (one + two).amount == a + b
    assert (one - two).amount == a - b
    assert (one + two) + three == one + (two + three)
    assert one - one == Money(0, currency)
    assert -one == Money(-a, currency)
    assert (one < two, one <= two, one > two, one >= two) == (a < b, a <= b, a > b, a >= b)
    assert (one == two) is (a == b)


@given(MONEY, MONEY)
def test_currencies_never_mix(one: Money, two: Money):
    if one.currency == two.currency:
        return
    assert one != two
    for mix in (
        lambda: one + two,
        lambda: one - two,
        lambda: one < two,
        lambda: one <= two,
        lambda: one > two,
        lambda: one >= two,
    ):
        with pytest.raises(MoneyError, match="do not add up"):
            mix()


@pytest.mark.parametrize("amount", [1.0, float("nan"), float("inf"), "100", None, True, False, b"1", 10j])
def test_only_integers_are_amounts(amount: object):
    with pytest.raises(MoneyError, match="integer"):
        Money(amount, "usd")  # pyright: ignore[reportArgumentType] -- the point of the test


@pytest.mark.parametrize("currency", ["USD", "us", "usdd", "", "us1", "ﬀx", "üsd", None, 840, "us "])
def test_only_iso_codes_are_currencies(currency: object):
    with pytest.raises(MoneyError, match="ISO 4217"):
        Money(1, currency)  # pyright: ignore[reportArgumentType] -- the point of the test


@pytest.mark.parametrize("amount", [LARGEST + 1, -LARGEST - 1, 2**63, 10**40])
def test_out_of_range(amount: int):
    with pytest.raises(MoneyError, match="out of range"):
        Money(amount, "usd")


def test_a_sum_may_not_leave_the_range_either():
    with pytest.raises(MoneyError, match="out of range"):
        _ = Money(LARGEST, "usd") + Money(1, "usd")
    assert Money(LARGEST, "usd") - Money(1, "usd") < Money(LARGEST, "usd")


def test_decimals():
    assert {decimals(currency) for currency in ZERO_DECIMAL} == {0}
    assert {decimals(currency) for currency in THREE_DECIMAL} == {3}
    assert decimals("usd") == 2
    assert not ZERO_DECIMAL & THREE_DECIMAL


@given(MONEY)
def test_usable_as_a_key_and_frozen(money: Money):
    assert {money: 1}[Money(money.amount, money.currency)] == 1
    with pytest.raises(AttributeError):
        money.amount = 0  # pyright: ignore[reportAttributeAccessIssue] -- the point of the test
