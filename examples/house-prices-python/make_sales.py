"""Writes made-up weeks of house sales: python3 make_sales.py drops/house-sales 4"""

import csv
import datetime
import random
import sys
from pathlib import Path

SALES_A_WEEK = 400
FIRST_WEEK = datetime.date(2026, 1, 5)
# How dear an area is.
AREAS = {"98004": 1.6, "98039": 2.1, "98103": 1.1, "98115": 1.15, "98002": 0.6, "98178": 0.75}


def sale(dice: random.Random, number: int, week: int) -> list[object]:
    zipcode = dice.choice(sorted(AREAS))
    sqft = round(600 + 3600 * dice.random() ** 1.5)
    waterfront = dice.random() < 0.05
    renovated = dice.randint(1990, 2025) if dice.random() < 0.2 else ""
    price = 210 * sqft * AREAS[zipcode] * (1.6 if waterfront else 1) * (1.08 if renovated else 1) * (1 + 0.004 * week) * dice.lognormvariate(0, 0.1)
    day = FIRST_WEEK + datetime.timedelta(days=7 * week + dice.randrange(7))
    return [f"h{number}", day.isoformat(), round(price), zipcode, sqft, 1 + sqft // 900, str(waterfront).lower(), renovated]


def main(folder: Path, weeks: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for week in range(weeks):
        dice = random.Random(week)
        target = folder / f"week-{week + 1:02}.csv"
        partial = target.with_suffix(".partial")
        with partial.open("w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["id", "date", "price", "zipcode", "sqft_living", "bedrooms", "waterfront", "yr_renovated"])
            rows.writerows(sale(dice, week * SALES_A_WEEK + number, week) for number in range(SALES_A_WEEK))
        # Whole or not at all: Refit watches the folder.
        partial.rename(target)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
