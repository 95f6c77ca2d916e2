# Web pages.

unsubscribe-title = Unsubscribe
unsubscribe-text = Once you confirm, { $site } sends no more updates to { $address }.
unsubscribe-button = Unsubscribe
unsubscribed-title = You are unsubscribed
unsubscribed-text = { $site } sends no more updates to { $address }.
unsubscribed-text-forgotten = { $site } sends no more updates to this address.

index-title = What is new
index-newest = Newest publications
index-tags = Topics
index-all = All publications
index-empty = Nothing is published yet.
index-feeds = Follow everything or one topic in a feed reader:

error-title = { $status ->
    [404] There is no such page
    [410] This is no longer here
    [403] This link is not valid
    [400] This link is not valid
   *[other] Something went wrong
}
error-text = { $status ->
    [404] The address may be mistyped, or the page has moved.
    [410] It was here once, and will not come back.
    [403] Please open the link from the message again, or copy it as a whole.
    [400] Please open the link from the message again, or copy it as a whole.
   *[other] Please try again in a few minutes.
}
error-meant = Did you mean:
error-home = What is new, and every feed there is
back = Back to { $site }
