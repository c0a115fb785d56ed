Feature: Identity from the proxy
  An external system authenticates people, and the proxy in front of the server says in a header who
  makes a request. The server takes the value of that header and treats the request as made by that
  user. It cannot check who has added the header.

  Rule: The header says who makes a request

    @PA-027
    Scenario: The API answers as to the person whom the proxy names
      When "alice" signs in
      And "bob" signs in
      Then the username of "alice" is "alice"
      And the username of "bob" is "bob"
      And "bob" has another account than "alice"

    @PA-027
    Scenario: A browser in which another person signs in is that person's
      Given "alice" has signed in
      When "alice" signs in as "bob" in the same browser with the further header "X-Custom: blue"
      Then the call is answered to "bob"

    @PA-001
    Scenario: The dashboard knows visitors by the proxy
      When "alice" signs in
      Then the dashboard shows "alice" as signed in

    @PA-002 @PA-027
    Scenario: Hosted applications know visitors by the proxy
      Given a publisher "paula"
      And "paula" has published python-api content "app"
      And "alice" may view "app"
      When "alice" signs in
      And "bob" signs in
      Then "alice" can open "app" (PA-002)
      And "bob" cannot open "app" (PA-027)

    @PA-007
    Scenario: The username alone is enough
      When "alice" signs in with her username alone
      Then the username of "alice" is "alice"

    @PA-028 @direct
    Scenario: A request that no proxy has seen is believed as well
      When "alice" signs in
      Then the username of "alice" is "alice"

    @PA-111
    Scenario: A request without the header is nobody's
      When "alice" signs in
      Then the username of "alice" is "alice"
      And a following request without identity headers from a new browser is anonymous

    @PA-010
    Scenario Outline: The header <header> means nothing unless it is configured
      When "alice" signs in with the further header "<header>: mallory"
      Then the username of "alice" is "alice"
      When "alice" signs in again
      Then "alice" has the same account as before

      Examples:
        | header          |
        | X-Auth-ID       |
        | X-Auth-Uniqueid |

  Rule: The username has to be valid

    @PA-008
    Scenario: A prohibited username
      Given somebody has signed in with the username "settings1"
      When the same person signs in again with the username "settings"
      Then the sign-in is refused
      And no account exists with the username "settings"

    @PA-008 @direct
    Scenario: An empty username
      Given "alice" has signed in
      When "alice" signs in again with a username that is empty
      Then the sign-in is refused
      And a following request without identity headers is anonymous

  Rule: A username is an identity

    @PA-122 @PA-146
    Scenario: Signing in twice
      When "alice" signs in
      And "alice" signs in again
      Then "alice" has the same account as before (PA-146)
      And one account has the username of "alice" (PA-122)

    @PA-122
    Scenario: Creating somebody twice
      Given the administrator has created an account for "alice"
      When the administrator creates an account for "alice"
      Then the creation is refused
      And one account has the username of "alice"

    @PA-147
    Scenario: Its owner cannot change it
      Given "alice" has signed in
      When "alice" changes her username to "alison"
      Then the username of "alice" is "alice"

    @PA-147
    Scenario: An administrator cannot change it
      Given "alice" has signed in
      When the administrator changes the username of "alice" to "alison"
      Then the username of "alice" is "alice"

    @PA-148
    Scenario: A person whose username changes at the proxy is somebody else
      Given "alice" has signed in
      And "alice" has the username "alison" at the proxy
      When "alice" signs in again
      Then "alice" has another account than before
      And the username of "alice" is "alison"

  Rule: Nothing else is an identity by default

    @PA-148
    Scenario: A person whose username changes is somebody else, although the email address stays
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

  Rule: Headers about forwarding decide nothing

    They tell under which address a request was made, and serve to build addresses.

    @SEC-022
    Scenario Outline: Nobody opens content by sending <header>
      Given a publisher "paula"
      And "paula" has published python-api content "app"
      And "paula" has published python-api content "lobby"
      And "alice" may view "app"
      And "bob" may view "lobby"
      Then "alice" can open "app"
      And "bob" can open "lobby" with the further header "X-RSC-Request: <app>"
      And "bob" cannot open "app" with the further header "<header>"

      Examples:
        | header                      |
        | X-RSC-Request: <lobby>      |
        | X-Forwarded-User: <alice>   |
        | X-Forwarded-For: 127.0.0.1  |
        | X-Forwarded-Host: localhost |

  Rule: The server's own cookie

    Its name is the server's affair. A cookie that the server's own scripts have to read, to show that a
    request comes from them, is not meant.

    @SEC-023
    Scenario: Neither scripts nor other sites get at it
      When "alice" signs in
      Then the cookie of her session is hidden from scripts
      And the cookie of her session is kept from other sites

    @SEC-023 @direct
    Scenario: Behind https it is never sent in the clear
      Given a server configured with:
        | Server.Address | https://connect.example.com/ |
      When "alice" signs in
      Then the cookie of her session is sent over https only

    @SEC-023
    Scenario: A page of another site cannot use it to change something
      Given "alice" has an API key
      When "alice" asks for an API key without the XSRF token
      Then the call is refused

    @SEC-023 @direct
    Scenario Outline: A browser that asks for an API key <origin>, without cookies, is refused
      Given "alice" has signed in
      When "alice" asks for an API key <origin>
      Then the call is refused

      Examples:
        | origin                                       |
        | for a page of another site                   |
        | for a page of another site in an old browser |

    @SEC-023
    Scenario: A page of another site submits no form to content in the name of a visitor
      Given a publisher "paula"
      And "paula" has published python-api content "app"
      When "paula" submits a form to "app"
      Then "app" answers
      When "paula" submits a form to "app" from a page of another site
      Then the visit is refused

    @SEC-023
    Scenario: A page of another site does not log a user out by a picture
      Given a Viewer integration "crm"
      And "alice" is logged in to "crm"
      When a page of another site makes the browser of "alice" load the logout of "crm"
      Then "alice" has one session with "crm"

    @SEC-023
    Scenario: The cookie of a login to an integration is hidden from scripts
      Given a Viewer integration "crm"
      When "alice" begins to log in to "crm"
      Then the cookie of her login is hidden from scripts

    @SEC-027 @direct
    Scenario: Content receives the cookies of its visitor without those of the server
      Given a publisher "paula"
      And "paula" has published python-api content "app"
      And "alice" has the cookie "colour=blue" in her browser
      And "alice" may view "app"
      When "alice" visits "app"
      Then "app" receives no other cookie than "colour=blue"

    @SEC-045 @direct
    Scenario: Content cannot replace the cookies of the server
      Given a publisher "paula"
      And "paula" has published python-api content "app"
      And "alice" may view "app"
      When "alice" visits "app", which sets cookies of the same names as the server
      Then the browser receives none of these cookies of "app"

    @SEC-023
    Scenario: An XSRF cookie of another server on the same host does no harm
      Given "alice" has signed in
      When "alice" asks for an API key with two XSRF cookies of which one matches
      Then the call is granted
      When "alice" asks for an API key with two XSRF cookies of which none matches
      Then the call is refused

  Rule: The header may have another name

    Background:
      Given a server configured with:
        | ProxyAuth.UsernameHeader | X-Auth-Custom-Username |

    @PA-011
    Scenario: Signing in by the configured header
      When "alice" signs in
      Then the username of "alice" is "alice"

    @PA-012
    Scenario: The default header is ignored beside it
      When "alice" signs in with the further header "X-Auth-Username: mallory"
      Then the username of "alice" is "alice"
      And no account exists with the username "mallory"

    @PA-012 @direct
    Scenario: The default header alone identifies nobody
      Given "alice" has signed in
      When "alice" signs in again with the username header spelled "X-Auth-Username"
      Then the sign-in is refused

  Rule: Further headers complete the profile

    Background:
      Given a server configured with:
        | ProxyAuth.UsernameHeader  | X-Auth-Username   |
        | ProxyAuth.FirstNameHeader | X-Auth-First-Name |
        | ProxyAuth.LastNameHeader  | X-Auth-Last-Name  |
        | ProxyAuth.EmailHeader     | X-Auth-Email      |

    @PA-009
    Scenario: With the further headers
      When "alice" signs in
      Then the username of "alice" is "alice"
      And the first name of "alice" is "Alice"
      And the email of "alice" is "alice@example.com"

    @PA-009
    Scenario: Without the further headers
      When "alice" signs in with her username alone
      Then the username of "alice" is "alice"
      And the email of "alice" is ""

    @SEC-018 @direct
    Scenario Outline: The <header> makes nobody somebody
      Given "alice" has signed in
      When "alice" signs in with her <header> alone
      Then the sign-in is refused

      Examples:
        | header     |
        | first name |
        | last name  |
        | email      |
