Feature: Generated usernames
  With ProxyAuth.UniqueIdHeader, the server identifies users by a unique id and also needs a header with a
  username or an email address. If only the email header is configured, the server generates a username from
  the email address at the first sign-in. A generated username can be edited later.

  Rule: With UniqueIdHeader and EmailHeader, the server generates usernames from email addresses

    Background:
      Given a server configured with:
        | ProxyAuth.UniqueIdHeader | X-Auth-Uniqueid |
        | ProxyAuth.EmailHeader    | X-Auth-Email    |

    @PA-169 @PA-170 @PA-172
    Scenario: A generated username is the part of the email address before the domain
      Given "jane" has the email "jane.roe@example.com" at the proxy
      When "jane" signs in
      Then one account has the username of "jane" (PA-169)
      And the username of "jane" is "jane.roe" (PA-170)
      And the username of "jane" is "jane.roe" (PA-172)

    @PA-171 @PA-173
    Scenario: A generated username gets a number if another user has the same part before the domain
      Given "jane" has the email "jane.roe@example.com" at the proxy
      And "janet" has the email "jane.roe@example.net" at the proxy
      And "janis" has the email "jane.roe@example.org" at the proxy
      When "jane" signs in
      And "janet" signs in
      And "janis" signs in
      Then the username of "jane" is "jane.roe" (PA-171)
      And the username of "janet" is "jane.roe" and a number (PA-171)
      And the username of "janis" is "jane.roe" and a number (PA-171)
      And one account has the username of "jane" (PA-173)
      And one account has the username of "janet" (PA-173)
      And one account has the username of "janis" (PA-173)

    @PA-173
    Scenario: A generated username gets a number if an account created through the API has the name
      Given the administrator has created an account for "jane"
      And "janet" has the email "jane@example.com" at the proxy
      When "janet" signs in
      Then the username of "janet" is "jane" and a number
      And one account has the username of "jane"

    @PA-173
    Scenario: The API refuses to create an account with a username that was generated for another user
      Given "jane" has signed in
      And the administrator has created an account for "bob"
      And "janet" has the username "jane" at the proxy
      When the administrator creates an account for "janet"
      Then the request is refused
      And one account has the username of "jane"

    @PA-174
    Scenario: A user whose email address changes at the proxy keeps the account and the generated username
      Given "jane" has signed in
      And "jane" has the email "jane.doe@example.com" at the proxy
      When "jane" signs in again
      Then "jane" has the same account as before
      And the email of "jane" is "jane.doe@example.com"
      And the username of "jane" is "jane"

  Rule: A generated username can be edited

    Background:
      Given a server configured with:
        | ProxyAuth.UniqueIdHeader | X-Auth-Uniqueid |
        | ProxyAuth.EmailHeader    | X-Auth-Email    |

    @PA-175
    Scenario: A user can change their own generated username
      Given "jane" has signed in
      When "jane" changes her username to "calamity"
      Then the username of "jane" is "calamity"

    @PA-176
    Scenario: An administrator can change the generated username of a user
      Given "jane" has signed in
      When the administrator changes the username of "jane" to "calamity"
      Then the username of "jane" is "calamity"

    @PA-177
    Scenario: A user cannot change their own generated username to one that is in use
      Given "bob" has signed in
      And "jane" has signed in
      And "jane" has changed her username to "calamity"
      When "jane" changes her username to "bob"
      Then the change is refused
      And the username of "jane" is "calamity"

    @PA-177
    Scenario: An administrator cannot change the generated username of a user to one that is in use
      Given "bob" has signed in
      And "jane" has signed in
      And the administrator has changed the username of "jane" to "calamity"
      When the administrator changes the username of "jane" to "bob"
      Then the change is refused
      And the username of "jane" is "calamity"

    @PA-178
    Scenario: A user who has changed a generated username keeps the new username at the next sign-in
      Given "jane" has signed in
      And "jane" has changed her username to "calamity"
      When "jane" signs in again
      Then "jane" has the same account as before
      And the username of "jane" is "calamity"

  Rule: With UniqueIdHeader, usernames come from UsernameHeader or EmailHeader

    @PA-165 @direct
    Scenario: A server with UniqueIdHeader alone refuses to start and names the option
      Given a server configured with:
        | ProxyAuth.UniqueIdHeader | X-Auth-Uniqueid |
        | ProxyAuth.EmailHeader    | X-Auth-Email    |
      When a server is started with:
        | ProxyAuth.UniqueIdHeader | X-Auth-Uniqueid |
      Then the server refuses to start
      And the start-up error names "ProxyAuth.UniqueIdHeader"

    @PA-166 @PA-167 @PA-168 @direct
    Scenario: A server with UniqueIdHeader starts with UsernameHeader, with EmailHeader and with both
      When a server is started with:
        | ProxyAuth.UniqueIdHeader | X-Auth-Uniqueid |
        | ProxyAuth.UsernameHeader | X-Auth-Username |
      Then the server starts (PA-166)
      When a server is started with:
        | ProxyAuth.UniqueIdHeader | X-Auth-Uniqueid |
        | ProxyAuth.EmailHeader    | X-Auth-Email    |
      Then the server starts (PA-167)
      When a server is started with:
        | ProxyAuth.UniqueIdHeader  | X-Auth-Uniqueid  |
        | ProxyAuth.UsernameHeader  | X-Auth-Username  |
        | ProxyAuth.FirstNameHeader | X-Auth-Firstname |
        | ProxyAuth.LastNameHeader  | X-Auth-Lastname  |
        | ProxyAuth.EmailHeader     | X-Auth-Email     |
      Then the server starts (PA-168)

    @PA-167
    Scenario: With UniqueIdHeader and EmailHeader, the email header gives a user both username and email
      Given a server configured with:
        | ProxyAuth.UniqueIdHeader | X-Auth-Uniqueid |
        | ProxyAuth.EmailHeader    | X-Auth-Email    |
      When "jane" signs in
      Then the username of "jane" is "jane"
      And the email of "jane" is "jane@example.com"

    @PA-166
    Scenario: With UniqueIdHeader and UsernameHeader, a user gets the username in the username header
      Given a server configured with:
        | ProxyAuth.UniqueIdHeader | X-Auth-Uniqueid |
        | ProxyAuth.UsernameHeader | X-Auth-Username |
      And "jane" has the username "calamity" at the proxy
      When "jane" signs in
      Then the username of "jane" is "calamity"

    @PA-168
    Scenario: With UsernameHeader and EmailHeader, a user gets username and email from their own headers
      Given a server configured with:
        | ProxyAuth.UniqueIdHeader  | X-Auth-Uniqueid  |
        | ProxyAuth.UsernameHeader  | X-Auth-Username  |
        | ProxyAuth.FirstNameHeader | X-Auth-Firstname |
        | ProxyAuth.LastNameHeader  | X-Auth-Lastname  |
        | ProxyAuth.EmailHeader     | X-Auth-Email     |
      And "jane" has the username "calamity" at the proxy
      When "jane" signs in
      Then the username of "jane" is "calamity"
      And the email of "jane" is "jane@example.com"
