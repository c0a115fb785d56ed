Feature: Turning proxied authentication on
  One option decides whether the server believes what a proxy tells it; others say where the proxy
  publishes the server, what it calls its headers and where its pages are. The file is read when the
  server starts, and a server that cannot make sense of it does not start.

  Rule: The provider decides

    @PA-003 @PA-067
    Scenario: With the provider proxy the identity headers say who somebody is
      When "alice" signs in
      Then "alice" is signed in (PA-003)
      And the username of "alice" is "alice" (PA-067)

    @PA-068 @alone @direct
    Scenario: With another provider they mean nothing
      Given "alice" has signed in
      When it is restarted with:
        | Authentication.Provider | password |
      Then it starts or refuses to start
      When "alice" signs in again
      Then the sign-in is refused

  Rule: Server.Address is where the proxy publishes the server

    @PA-070
    Scenario: Addresses that the server tells lead to the proxy
      Given a publisher "paula"
      And "paula" has published python-api content "app"
      When a client calls the API about "app" with the headers:
        | Authorization | Key <paula's key> |
      Then every address in the reply is the server's own

    @PA-070
    Scenario: The callback that an OAuth provider is told leads to the proxy
      Given a Viewer integration "crm"
      When "alice" begins to log in to "crm"
      Then "alice" is sent to the provider of "crm"
      And every address in the reply is the server's own

    @PA-346 @direct
    Scenario Outline: A redirect from <path> leads to the published address
      Given a server configured with:
        | Server.Address      | "https://example.com/apps/posit-connect" |
        | ProxyAuth.LoginURL  | "https://example.com/auth/login"         |
        | ProxyAuth.LogoutURL | "https://example.com/auth/logout"        |
      When a client calls the path "<path>" with the headers:
        | Accept | text/html |
      Then every address in the reply is the server's own

      Examples:
        | path                 |
        | /connect             |
        | //connect/           |
        | /connect/../connect/ |
        | /content//x/         |

    @PA-070 @direct
    Scenario: The address that the server listens on does not count
      Given a server configured with:
        | Server.Address | https://connect.example.com/ |
      And a publisher "paula"
      And "paula" has published python-api content "app"
      When a client calls the API about "app" with the headers:
        | Authorization | Key <paula's key> |
      Then every address in the reply is the server's own

    @PA-004 @direct
    Scenario: It may have a path
      Given a server configured with:
        | Server.Address      | "https://example.com/apps/posit-connect" |
        | ProxyAuth.LoginURL  | "https://example.com/auth/login"         |
        | ProxyAuth.LogoutURL | "https://example.com/auth/logout"        |
      And a publisher "paula"
      And "paula" has published python-api content "app"
      And a Viewer integration "crm"
      When a client calls the API about "app" with the headers:
        | Authorization | Key <paula's key> |
      Then every address in the reply is the server's own
      When "paula" begins to log in to "crm"
      Then "paula" is sent to the provider of "crm"
      And every address in the reply is the server's own

    @PA-071 @direct
    Scenario: Without it the server starts and warns
      When a server is started with:
        | Server.Address | https://connect.example.com/ |
      Then it starts
      And the log does not say "Server.Address"
      When a server is started with:
        """
        [Authentication]
        Provider = proxy

        [Server]
        Address =
        """
      Then it starts
      And the log says "Server.Address"

  Rule: The operator says what headers are called

    @PA-073 @direct
    Scenario: The username comes in X-Auth-Username unless an option says otherwise
      Given "alice" has signed in
      When "alice" signs in again with the username header spelled "X-Auth-Username"
      Then "alice" is signed in

    @PA-073 @alone @direct
    Scenario: The username comes in X-Auth-Username again once the option is gone
      Given a server configured with:
        | ProxyAuth.UsernameHeader | X-Auth-Custom-Username |
      And "alice" has signed in
      When it is restarted with:
        | Authentication.Provider | proxy |
      And "alice" signs in again with the username header spelled "X-Auth-Username"
      Then "alice" is signed in

    @PA-011 @alone @direct
    Scenario: The username comes in the header that the option names
      Given "alice" has signed in
      When it is restarted with:
        | ProxyAuth.UsernameHeader | X-Auth-Custom-Username |
      And "alice" signs in again
      Then "alice" has the same account as before

    @PA-072
    Scenario: The username in another header
      Given a server configured with:
        | ProxyAuth.UsernameHeader | X-Auth-Custom-Username |
      And "bob" has signed in
      When "alice" signs in with the further header "X-Auth-Username: <bob>"
      Then "alice" is signed in

    Scenario Outline: The <attribute>
      Given a server configured with:
        | ProxyAuth.UsernameHeader  | X-Auth-Username   |
        | ProxyAuth.FirstNameHeader | X-Auth-First-Name |
        | ProxyAuth.LastNameHeader  | X-Auth-Last-Name  |
        | ProxyAuth.EmailHeader     | X-Auth-Email      |
      And "alice" has the <attribute> "<value>" at the proxy
      When "alice" signs in
      Then the <attribute> of "alice" is "<value>"

      Examples:
        | rule   | attribute  | value              |
        | PA-074 | first name | Alicia             |
        | PA-075 | last name  | Adler              |
        | PA-076 | email      | alicia@example.org |

    @PA-077
    Scenario: An attribute that has a header cannot be edited, one that has none can
      Given a server configured with:
        | ProxyAuth.FirstNameHeader | X-Auth-First-Name |
        | ProxyAuth.EmailHeader     | X-Auth-Email      |
      And "alice" has signed in
      When "alice" changes her last name to "Adler"
      Then the change is made
      When "alice" changes her first name to "Alicia"
      Then the change is refused

    @PA-077
    Scenario: Which are which is a matter of the configuration
      Given a server configured with:
        | ProxyAuth.LastNameHeader | X-Auth-Last-Name |
      And "alice" has signed in
      When "alice" changes her first name to "Alicia"
      Then the change is made
      When "alice" changes her last name to "Adler"
      Then the change is refused

  Rule: Pages of the proxy are web pages

    @PA-005 @PA-095 @direct
    Scenario: One to log in and one to log out
      When a server is started with:
        | Server.Address      | "https://example.com/apps/posit-connect" |
        | ProxyAuth.LoginURL  | "https://example.com/auth/login"         |
        | ProxyAuth.LogoutURL | "https://example.com/auth/logout"        |
      Then it starts (PA-005)
      And it starts (PA-095)

    @SEC-017 @direct
    Scenario: Neither is a script
      When a server is started with:
        | ProxyAuth.LoginURL  | javascript:alert(1)                        |
        | ProxyAuth.LogoutURL | javascript://login.example.com/%0Aalert(2) |
      Then it refuses to start
      And it says what is wrong with "LoginURL"
      And it says what is wrong with "LogoutURL"

    @PA-348 @direct
    Scenario: Either may be a path of the proxy
      When a server is started with:
        | Server.Address      | https://connect.example.com/ |
        | ProxyAuth.LoginURL  | /auth/login                  |
        | ProxyAuth.LogoutURL | "/oauth2/sign_out?rd=/"      |
      Then it starts
      And the log says "LoginURL"
      And the log says "LogoutURL"

  Rule: A mistake in the file keeps the server from starting

    @SEC-043 @direct
    Scenario Outline: The server does not start with <value> for <option>
      When a server is started with:
        """
        [Authentication]
        Provider = proxy

        [ProxyAuth]
        <option> = <value>
        """
      Then it refuses to start
      And it says what is wrong with "<option>"

      Examples:
        | option                | value           |
        | RegisterOnFirstLogin  | fasle           |
        | RegisterOnFirstLogins | false           |
        | UsernameHeader        | X Auth Username |
        | GroupsHeaderSeparator | ", "            |

    @SEC-043 @direct
    Scenario Outline: The server does not start with the line <line>
      When a server is started with:
        """
        [Authentication]
        Provider = proxy

        [ProxyAuth]
        <line>
        """
      Then it refuses to start

      Examples:
        | line                                 |
        | RegisterOnFirstLogin false           |
        | RegisterOnFirstLogin = "false        |
        | RegisterOnFirstLogin = "false" false |
        | = false                              |
