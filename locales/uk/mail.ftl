# Листи. $count — число, $schedule — назва розкладу з daemon.toml.

publications = { $count ->
    [one] { $count } публікація
    [few] { $count } публікації
    [many] { $count } публікацій
   *[other] { $count } публікації
}
new-publications = { $count ->
    [one] { $count } нова публікація
    [few] { $count } нові публікації
    [many] { $count } нових публікацій
   *[other] { $count } нової публікації
}

# $news — «new» або «mixed», якщо серед них є публікації, які вже надсилали.
mail-count = { $news ->
    [new] { new-publications }
   *[mixed] { publications }
}
mail-subject = { mail-count }: { $titles }
mail-intro = { $schedule ->
    [immediate] { mail-count }
    [hourly] Огляд за останню годину: { mail-count }
    [daily] Щоденний огляд: { mail-count }
    [weekly] Щотижневий огляд: { mail-count }
    [monthly] Щомісячний огляд: { mail-count }
   *[other] Огляд: { mail-count }
}
mail-updated = Оновлено
mail-archived = Це архівна версія.
mail-archived-latest = Це архівна версія. Актуальна сторінка:
mail-more = { $count ->
    [one] і ще { $count } публікація
    [few] і ще { $count } публікації
    [many] і ще { $count } публікацій
   *[other] і ще { $count } публікації
}
mail-why = Ви отримали цей лист, бо вашу адресу підписано на сповіщення сайту «{ $site }».
mail-unsubscribe = Відмовитися від сповіщень
