Feature: Configuration of proxied authentication
  Authentication.Provider makes the server accept the identity headers of a proxy. Other options set the
  published address, the names of the headers, and the login and logout URLs. The server reads the file
  when it starts, and refuses to start if the file has an error.

  Rule: The server uses identity headers only with Authentication.Provider = proxy

    @PA-003 @PA-067
    Scenario: With Authentication.Provider = proxy, the username header signs in the user that it names
      When "alice" signs in
      Then "alice" is signed in (PA-003)
      And the username of "alice" is "alice" (PA-067)

    @PA-068 @alone @direct
    Scenario: A server with Authentication.Provider = password does not sign in users by identity headers
      Given "alice" has signed in
      When the server is restarted with:
        | Authentication.Provider | password |
      Then the server starts or refuses to start
      When "alice" signs in again
      Then the request is refused

  Rule: Addresses of the server in replies begin with Server.Address

    @PA-070
    Scenario: An API reply about content contains only addresses at which the proxy publishes the server
      Given a publisher "paula"
      And "paula" has published python-api content "app"
      When a client calls the API about "app" with the headers:
        | Authorization | Key <paula's key> |
      Then every address in the reply begins with the address of the server

    @PA-070
    Scenario: The callback address that is sent to an OAuth provider is at the proxy
      Given a Viewer integration "crm"
      When "alice" begins to log in to "crm"
      Then the browser is sent to the provider of "crm"
      And every address in the reply begins with the address of the server

    @PA-346 @direct
    Scenario Outline: A redirect from "<path>" leads to the published address
      Given a server configured with:
        | Server.Address      | "https://example.com/apps/posit-connect" |
        | ProxyAuth.LoginURL  | "https://example.com/auth/login"         |
        | ProxyAuth.LogoutURL | "https://example.com/auth/logout"        |
      When a client calls the path "<path>" with the headers:
        | Accept | text/html |
      Then every address in the reply begins with the address of the server

      Examples:
        | path                 |
        | /connect             |
        | //connect/           |
        | /connect/../connect/ |
        | /content//x/         |

    @PA-070 @direct
    Scenario: With Server.Address set to another host, an API reply contains no address that the server listens on
      Given a server configured with:
        | Server.Address | https://connect.example.com/ |
      And a publisher "paula"
      And "paula" has published python-api content "app"
      When a client calls the API about "app" with the headers:
        | Authorization | Key <paula's key> |
      Then every address in the reply begins with the address of the server

    @PA-004 @direct
    Scenario: Server.Address with a path is the start of addresses in an API reply and of the OAuth callback
      Given a server configured with:
        | Server.Address      | "https://example.com/apps/posit-connect" |
        | ProxyAuth.LoginURL  | "https://example.com/auth/login"         |
        | ProxyAuth.LogoutURL | "https://example.com/auth/logout"        |
      And a publisher "paula"
      And "paula" has published python-api content "app"
      And a Viewer integration "crm"
      When a client calls the API about "app" with the headers:
        | Authorization | Key <paula's key> |
      Then every address in the reply begins with the address of the server
      When "paula" begins to log in to "crm"
      Then the browser is sent to the provider of "crm"
      And every address in the reply begins with the address of the server

    @PA-071 @direct
    Scenario: A server without Server.Address starts and names the option in its log
      When a server is started with:
        | Server.Address | https://connect.example.com/ |
      Then the server starts
      And the log does not say "Server.Address"
      When a server is started with:
        """
        [Authentication]
        Provider = proxy

        [Server]
        Address =
        """
      Then the server starts
      And the log says "Server.Address"

  Rule: Options name the headers that the server reads

    @PA-073 @direct
    Scenario: Without UsernameHeader, the server reads the username from X-Auth-Username
      Given "alice" has signed in
      When "alice" signs in again with the username header spelled "X-Auth-Username"
      Then "alice" is signed in

    @PA-073 @alone @direct
    Scenario: After UsernameHeader is removed, the server reads the username from X-Auth-Username again
      Given a server configured with:
        | ProxyAuth.UsernameHeader | X-Auth-Custom-Username |
      And "alice" has signed in
      When the server is restarted with:
        | Authentication.Provider | proxy |
      And "alice" signs in again with the username header spelled "X-Auth-Username"
      Then "alice" is signed in

    @PA-011 @alone @direct
    Scenario: After UsernameHeader is changed, a user signs in with the new header to the same account
      Given "alice" has signed in
      When the server is restarted with:
        | ProxyAuth.UsernameHeader | X-Auth-Custom-Username |
      And "alice" signs in again
      Then "alice" has the same account as before

    @PA-072
    Scenario: With UsernameHeader set to another header, the server ignores X-Auth-Username
      Given a server configured with:
        | ProxyAuth.UsernameHeader | X-Auth-Custom-Username |
      And "bob" has signed in
      When "alice" signs in with the further header "X-Auth-Username: <bob>"
      Then "alice" is signed in

    Scenario Outline: The server takes the <attribute> of a user from the header that is configured for it
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
    Scenario: With FirstNameHeader and EmailHeader set, a user can change the last name but not the first name
      Given a server configured with:
        | ProxyAuth.FirstNameHeader | X-Auth-First-Name |
        | ProxyAuth.EmailHeader     | X-Auth-Email      |
      And "alice" has signed in
      When "alice" changes her last name to "Adler"
      Then the change is made
      When "alice" changes her first name to "Alicia"
      Then the change is refused

    @PA-077
    Scenario: With LastNameHeader set, a user can change the first name but not the last name
      Given a server configured with:
        | ProxyAuth.LastNameHeader | X-Auth-Last-Name |
      And "alice" has signed in
      When "alice" changes her first name to "Alicia"
      Then the change is made
      When "alice" changes her last name to "Adler"
      Then the change is refused

  Rule: LoginURL and LogoutURL can be web addresses or paths, but not scripts

    @PA-005 @direct
    Scenario: A server starts with Server.Address, LoginURL and LogoutURL set
      When a server is started with:
        | Server.Address      | "https://example.com/apps/posit-connect" |
        | ProxyAuth.LoginURL  | "https://example.com/auth/login"         |
        | ProxyAuth.LogoutURL | "https://example.com/auth/logout"        |
      Then the server starts

    @SEC-017 @direct
    Scenario: A server with javascript: URLs in LoginURL and LogoutURL refuses to start and names both options
      When a server is started with:
        | ProxyAuth.LoginURL  | javascript:alert(1)                        |
        | ProxyAuth.LogoutURL | javascript://login.example.com/%0Aalert(2) |
      Then the server refuses to start
      And the start-up error names "LoginURL"
      And the start-up error names "LogoutURL"

    @PA-348 @direct
    Scenario: A server with paths in LoginURL and LogoutURL starts and names both options in its log
      When a server is started with:
        | Server.Address      | https://connect.example.com/ |
        | ProxyAuth.LoginURL  | /auth/login                  |
        | ProxyAuth.LogoutURL | "/oauth2/sign_out?rd=/"      |
      Then the server starts
      And the log says "LoginURL"
      And the log says "LogoutURL"

  Rule: A server with an error in its configuration file refuses to start

    @SEC-043 @direct
    Scenario Outline: The server refuses to start with <option> = <value> and names the option
      When a server is started with:
        """
        [Authentication]
        Provider = proxy

        [ProxyAuth]
        <option> = <value>
        """
      Then the server refuses to start
      And the start-up error names "<option>"

      Examples:
        | option                | value           |
        | RegisterOnFirstLogin  | fasle           |
        | RegisterOnFirstLogins | false           |
        | UsernameHeader        | X Auth Username |
        | GroupsHeaderSeparator | ", "            |

    @SEC-043 @direct
    Scenario Outline: The server refuses to start with the invalid line: <line>
      When a server is started with:
        """
        [Authentication]
        Provider = proxy

        [ProxyAuth]
        <line>
        """
      Then the server refuses to start

      Examples:
        | line                                 |
        | RegisterOnFirstLogin false           |
        | RegisterOnFirstLogin = "false        |
        | RegisterOnFirstLogin = "false" false |
        | = false                              |
