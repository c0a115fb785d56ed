Feature: Identity from the proxy
  An external system authenticates users, and the proxy sends the username of the authenticated user in a
  header. The server treats the request as made by that user and cannot check which client or proxy added the
  header. The server also protects its cookies and refuses requests that pages of other sites forge.

  Rule: The username header identifies the user of a request

    @PA-027
    Scenario: Two users who sign in have different accounts with the usernames that the proxy sends
      When "alice" signs in
      And "bob" signs in
      Then the username of "alice" is "alice"
      And the username of "bob" is "bob"
      And "bob" has another account than "alice"

    @PA-027
    Scenario: If a second user signs in from the browser of the first, the server answers to the second user
      Given "alice" has signed in
      When "alice" signs in as "bob" in the same browser with the further header "X-Custom: blue"
      Then the request is answered to "bob"

    @PA-001
    Scenario: The dashboard shows a user whom the proxy has authenticated as signed in
      When "alice" signs in
      Then the dashboard shows "alice" as signed in

    @PA-002 @PA-027
    Scenario: A signed-in user with permission can open content, and a signed-in user without permission cannot
      Given a publisher "paula"
      And "paula" has published python-api content "app"
      And "alice" has Viewer permission on "app"
      When "alice" signs in
      And "bob" signs in
      Then "alice" can open "app" (PA-002)
      And "bob" cannot open "app" (PA-027)

    @PA-007
    Scenario: A user can sign in with the username header alone
      When "alice" signs in with her username alone
      Then the username of "alice" is "alice"

    @PA-028 @direct
    Scenario: A sign-in that reaches the server without a proxy is accepted
      When "alice" signs in
      Then the username of "alice" is "alice"

    @PA-111
    Scenario: A request without identity headers from a new browser is anonymous
      When "alice" signs in
      Then the username of "alice" is "alice"
      And a following request without identity headers from a new browser is anonymous

    @PA-010
    Scenario Outline: By default, a user signs in to the same account with and without the header <header>
      When "alice" signs in with the further header "<header>: mallory"
      Then the username of "alice" is "alice"
      When "alice" signs in again
      Then "alice" has the same account as before

      Examples:
        | header          |
        | X-Auth-ID       |
        | X-Auth-Uniqueid |

  Rule: A sign-in with an invalid username is refused

    @PA-008
    Scenario: A sign-in with the prohibited username "settings" is refused and creates no account
      Given a user has signed in with the username "settings1"
      When a user signs in with the username "settings"
      Then the request is refused
      And no account exists with the username "settings"

    @PA-008 @direct
    Scenario: A sign-in with an empty username is refused and creates no session
      Given "alice" has signed in
      When "alice" signs in again with a username that is empty
      Then the request is refused
      And a following request without identity headers is anonymous

  Rule: By default, the username identifies an account and cannot be changed on the server

    @PA-122 @PA-146
    Scenario: A user who signs in twice has one account
      When "alice" signs in
      And "alice" signs in again
      Then "alice" has the same account as before (PA-146)
      And one account has the username of "alice" (PA-122)

    @PA-122
    Scenario: An administrator cannot create a second account with the same username
      Given the administrator has created an account for "alice"
      When the administrator creates an account for "alice"
      Then the request is refused
      And one account has the username of "alice"

    @PA-147
    Scenario: By default, a user cannot change their own username
      Given "alice" has signed in
      When "alice" changes her username to "alison"
      Then the username of "alice" is "alice"

    @PA-147
    Scenario: By default, an administrator cannot change the username of a user
      Given "alice" has signed in
      When the administrator changes the username of "alice" to "alison"
      Then the username of "alice" is "alice"

    @PA-148
    Scenario: A user whose username changes at the proxy gets another account
      Given "alice" has signed in
      And "alice" has the username "alison" at the proxy
      When "alice" signs in again
      Then "alice" has another account than before
      And the username of "alice" is "alison"

  Rule: By default, the email address does not identify an account

    @PA-148
    Scenario: A user whose username changes at the proxy gets another account although the email address stays
      Given a server configured with:
        | ProxyAuth.UsernameHeader  | X-Auth-Username   |
        | ProxyAuth.FirstNameHeader | X-Auth-First-Name |
        | ProxyAuth.LastNameHeader  | X-Auth-Last-Name  |
        | ProxyAuth.EmailHeader     | X-Auth-Email      |
      And "alice" has signed in
      And "alice" has the username "alison" at the proxy
      When "alice" signs in again
      Then "alice" has another account than before
      And the username of "alice" is "alison"

  Rule: Headers about forwarding give no access to content

    These headers state the address or the user for which a request was forwarded. The server may use them to
    build addresses.

    @SEC-022
    Scenario Outline: A user without permission cannot open content by sending the header "<header>"
      Given a publisher "paula"
      And "paula" has published python-api content "app"
      And "paula" has published python-api content "lobby"
      And "alice" has Viewer permission on "app"
      And "bob" has Viewer permission on "lobby"
      Then "alice" can open "app"
      And "bob" can open "lobby" with the further header "X-RSC-Request: <app>"
      And "bob" cannot open "app" with the further header "<header>"

      Examples:
        | header                      |
        | X-RSC-Request: <lobby>      |
        | X-Forwarded-User: <alice>   |
        | X-Forwarded-For: 127.0.0.1  |
        | X-Forwarded-Host: localhost |

  Rule: The server protects its cookies and refuses requests that pages of other sites forge

    The server chooses the names of its cookies. The attributes of XSRF cookies, which the scripts of the
    server have to read to show that a request comes from them, are not checked.

    @SEC-023
    Scenario: The session cookie is HttpOnly, and its SameSite attribute is Lax or Strict
      When "alice" signs in
      Then the cookies that the server sets are hidden from scripts
      And the cookies that the server sets are kept from other sites

    @SEC-023 @direct
    Scenario: The session cookie has the attribute Secure if Server.Address is an https address
      Given a server configured with:
        | Server.Address | https://connect.example.com/ |
      When "alice" signs in
      Then the cookies that the server sets are sent over https only

    @SEC-023
    Scenario: A request for an API key without the XSRF token is refused
      Given "alice" has an API key
      When "alice" asks for an API key without the XSRF token
      Then the request is refused

    @SEC-023 @direct
    Scenario Outline: A request without cookies that asks for an API key <origin> is refused
      Given "alice" has an API key
      When "alice" asks for an API key <origin>
      Then the request is refused

      Examples:
        | origin                                       |
        | for a page of another site                   |
        | for a page of another site in an old browser |

    @SEC-023
    Scenario: Content answers a form from a page of the server, and a form from another site is refused
      Given a publisher "paula"
      And "paula" has published python-api content "app"
      When "paula" submits a form to "app"
      Then "app" answers
      When "paula" submits a form to "app" from a page of another site
      Then the request is refused

    @SEC-023
    Scenario: A picture in a page of another site cannot log a user out of an integration
      Given a Viewer integration "crm"
      And "alice" is logged in to "crm"
      When a page of another site makes the browser of "alice" load the logout of "crm"
      Then "alice" has one session with "crm"

    @SEC-023
    Scenario: The cookie of a login to an integration is HttpOnly
      Given a Viewer integration "crm"
      When "alice" begins to log in to "crm"
      Then the cookies that the server sets are hidden from scripts

    @SEC-027 @direct
    Scenario: Content that a user visits receives no other cookie than the user's own
      Given a publisher "paula"
      And "paula" has published python-api content "app"
      And "alice" has the cookie "colour=blue" in her browser
      And "alice" has Viewer permission on "app"
      When "alice" visits "app"
      Then "app" receives no other cookie than "colour=blue"

    @SEC-045 @direct
    Scenario: Cookies of content with the same names as those of the server do not reach the browser
      Given a publisher "paula"
      And "paula" has published python-api content "app"
      And "alice" has Viewer permission on "app"
      When "alice" visits "app", which sets cookies of the same names as the server
      Then the browser receives none of these cookies of "app"

    @SEC-023
    Scenario: A request for an API key with two XSRF cookies is granted only if one of them matches
      Given "alice" has an API key
      When "alice" asks for an API key with two XSRF cookies of which one matches
      Then the request is granted
      When "alice" asks for an API key with two XSRF cookies of which none matches
      Then the request is refused

  Rule: UsernameHeader sets the name of the username header

    Background:
      Given a server configured with:
        | ProxyAuth.UsernameHeader | X-Auth-Custom-Username |

    @PA-011
    Scenario: With UsernameHeader = X-Auth-Custom-Username, a user signs in with this header
      When "alice" signs in
      Then the username of "alice" is "alice"

    @PA-012
    Scenario: A header X-Auth-Username beside the configured username header is ignored
      When "alice" signs in with the further header "X-Auth-Username: mallory"
      Then the username of "alice" is "alice"
      And no account exists with the username "mallory"

    @PA-012 @direct
    Scenario: A sign-in with X-Auth-Username in place of the configured username header is refused
      Given "alice" has signed in
      When "alice" signs in again with the username header spelled "X-Auth-Username"
      Then the request is refused

  Rule: Profile headers complete the profile of a user and do not identify the user

    Background:
      Given a server configured with:
        | ProxyAuth.UsernameHeader  | X-Auth-Username   |
        | ProxyAuth.FirstNameHeader | X-Auth-First-Name |
        | ProxyAuth.LastNameHeader  | X-Auth-Last-Name  |
        | ProxyAuth.EmailHeader     | X-Auth-Email      |

    @PA-009
    Scenario: A sign-in with profile headers sets the first name and the email of a user
      When "alice" signs in
      Then the username of "alice" is "alice"
      And the first name of "alice" is "Alice"
      And the email of "alice" is "alice@example.com"

    @PA-009
    Scenario: A user who signs in without profile headers has an empty email
      When "alice" signs in with her username alone
      Then the username of "alice" is "alice"
      And the email of "alice" is ""

    @SEC-018 @direct
    Scenario Outline: A sign-in with the <header> header alone is refused
      Given "alice" has signed in
      When "alice" signs in with her <header> alone
      Then the request is refused

      Examples:
        | header     |
        | first name |
        | last name  |
        | email      |
